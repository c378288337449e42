import { Option } from "commander";
import { collect } from "./collect.ts";

/** `--set`, with one of the values that it may change. */
export function setOption(example: string): Option {
  return new Option("--set <key=value>", `change a value: --set ${example} (repeatable)`).argParser(collect);
}

/** `--label`, of commands on a model that may be conditioned on labels. */
export function labelOption(what: string): Option {
  return new Option("--label <name=value>", `${what} (repeatable)`).argParser(collect);
}

/** `--backend`; of commands that train, `measure` too. */
export function backendOption({ trains = false } = {}): Option {
  const auto = trains ? "auto: the faster one; measure: that anew; " : "";
  const option = new Option("--backend <name>", `what computes (${auto}cpu is slow)`).default("auto");
  // Shown and completed, but not checked here: `useBackend` says which one was meant.
  option.argChoices = ["auto", ...(trains ? ["measure"] : []), "tensorflow", "wasm", "cpu"];
  return option;
}
