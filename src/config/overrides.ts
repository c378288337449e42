import { ConfigError } from "../errors.ts";
import type { Located, Place } from "./located.ts";
import { keyName, parseYaml } from "./parse.ts";

/**
 * The config that `--set a.b.c=VALUE` lays over a file: a map of the one value, parsed as YAML. Relative paths
 * in it start from the current folder.
 *
 * @throws ConfigError where it isn't of that form.
 */
export function parseOverride(argument: string): Located {
  const place: Place = { source: `--set ${argument}`, dir: process.cwd() };
  const equals = argument.indexOf("=");
  if (equals < 1) {
    throw new ConfigError(`${place.source}: expected KEY.KEY=VALUE, such as model_params.latent_dim=64`);
  }
  const keys = argument.slice(0, equals).split(".");
  for (const key of keys) {
    if (!/^[\w$-]+$/.test(key)) {
      throw new ConfigError(
        `${place.source}: expected names with dots between them, got "${argument.slice(0, equals)}". ` +
          "A list is set as a whole: KEY=[1, 2]",
      );
    }
    keyName(key, place);
  }
  if (keys[0] === "extends") {
    throw new ConfigError(`${place.source}: extends can't be set here. Name another file, or write it there`);
  }
  let node: Located = parseYaml(argument.slice(equals + 1), () => place) ?? { value: null, place };
  for (const key of keys.reverse()) {
    node = { value: new Map([[key, { ...node, keyPlace: place }]]), place };
  }
  return node;
}
