import { existsSync } from "node:fs";
import { Option } from "commander";
import { backendNames, backends } from "../backends/registry.ts";
import { ConfigError } from "../errors.ts";
import { runFiles } from "../experiment/runs/run_files.ts";
import { shellWord } from "../text/shell.ts";
import { wholeNumber } from "./numbers.ts";

/** commander's way to take an option several times. */
const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `--set`; `what` it does to a value, where that is not `change a value: --set` of an example. */
export function setOption(what: string | { readonly example: string }): Option {
  const said = typeof what === "string" ? what : `change a value: --set ${what.example}`;
  return new Option("--set <key=value>", `${said} (repeatable)`).argParser(collect);
}

/** `--checkpoint`, of commands on a trained run. */
export function checkpointOption(): Option {
  return new Option("--checkpoint <which>", "best, last or a file; default: best where there is one");
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

/** `--backend`; of commands that train, `measure` too. */
export function backendOption({ trains = false } = {}): Option {
  const auto = trains ? "auto: the faster one; measure: that anew; " : "";
  const remarks = backends.flatMap(({ name, remark }) => (remark === undefined ? [] : [`${name} ${remark}`]));
  const option = new Option("--backend <name>", `what computes (${auto}${remarks.join("; ")})`).default(
    "auto",
  );
  // Shown and completed, but not checked here: `useBackend` says which one was meant.
  option.argChoices = ["auto", ...(trains ? ["measure"] : []), ...backendNames.slice(1)];
  return option;
}

/** An option that may be given several times: its values are a list. */
export const repeatable = (flags: string, description: string): Option =>
  new Option(flags, `${description} (repeatable)`).argParser(collect);

/** The configs that `--config` and the one argument without an option name. @throws ConfigError where it is something else */
export function namedConfigs(
  command: string,
  file: string | undefined,
  { config, set = [] }: { readonly config?: readonly string[]; readonly set?: readonly string[] },
): { readonly config?: readonly string[] } {
  if (file === undefined) return {};
  const fault = (text: string) => new ConfigError(`vae ${command}: ${text}`);
  const apart = set.find((value) => !value.includes("="));
  if (apart !== undefined)
    throw fault(`expected --set KEY=VALUE, got "${apart}". Type: --set ${shellWord(`${apart}=${file}`)}`);
  if (/^[\w.]+=/.test(file))
    throw fault(`expected --set before KEY=VALUE, got "${file}" alone. Type: --set ${shellWord(file)}`);
  if (config !== undefined)
    throw fault(
      `expected --config before each of several configs, got "${config.join('" and "')}" and "${file}" without. Type: ${[...config, file].map((name) => `--config ${shellWord(name)}`).join(" ")}`,
    );
  if (existsSync(runFiles(file).config)) {
    const remedy = `To go on with it: vae run --resume ${shellWord(file)}`;
    throw fault(`expected a config, got the run "${file}". ${remedy}`);
  }
  return { config: [file] };
}
