import { Option } from "commander";
import { collect } from "./collect.ts";
import { wholeNumber } from "./numbers.ts";

/** `--set`, with one of the values that it may change. */
export function setOption(example: string): Option {
  return new Option("--set <key=value>", `change a value: --set ${example} (repeatable)`).argParser(collect);
}

/** `--label`, of commands on a model that may be conditioned on labels. */
export function labelOption(what: string): Option {
  return new Option("--label <name=value>", `${what} (repeatable)`).argParser(collect);
}

/** `--scale`, of commands that write a picture. */
export function scaleOption(): Option {
  return new Option(
    "--scale <n>",
    "pixels that one of an image is shown as; default: so many that one can see it",
  ).argParser(wholeNumber(1));
}

/** `--backend`. */
export function backendOption(): Option {
  const option = new Option("--backend <name>", "what computes; cpu is slow").default("auto");
  // Shown and completed, but not checked here: `useBackend` says which one was meant.
  option.argChoices = ["auto", "tensorflow", "wasm", "cpu"];
  return option;
}
