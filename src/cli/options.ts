import { Option } from "commander";
import { collect } from "./collect.ts";

/** `--set`, with one of the values that it may change. */
export function setOption(example: string): Option {
  return new Option("--set <key=value>", `change a value: --set ${example} (repeatable)`).argParser(collect);
}

/** `--backend`. */
export function backendOption(): Option {
  return new Option("--backend <name>", "auto, tensorflow, wasm or cpu (slow)").default("auto");
}
