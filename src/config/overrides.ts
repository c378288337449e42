import { ConfigError } from "../errors.ts";
import { formatPlace, type Located, type Place } from "./located.ts";
import { hasComment, keyName, parseYaml } from "./parse.ts";

/**
 * The config that `--set a.b.c=VALUE` lays over a file: a map of the one value, parsed as YAML; as text, where it is no
 * YAML or would hold a comment, and where its key takes only text (`withTexts`). Relative paths in it start from the
 * current folder.
 *
 * @throws ConfigError where it isn't of that form.
 */
export function parseOverride(argument: string): Located {
  const { keys, text, place } = parseAssignment(argument);
  return nested(keys, readValue(text, place));
}

/**
 * What `--set a.b.c=VALUE`, or another option of that form, names and gives.
 *
 * @throws ConfigError where it isn't of that form, or names what can't be set so
 */
export function parseAssignment(
  argument: string,
  option = "--set",
): { readonly keys: readonly string[]; readonly text: string; readonly place: Place } {
  const place: Place = { source: `${option} ${argument}`, dir: process.cwd() };
  const equals = argument.indexOf("=");
  if (equals < 1) {
    throw new ConfigError(`${place.source}: expected KEY.KEY=VALUE, such as model_params.latent_dim=64`);
  }
  return { keys: keysOf(argument.slice(0, equals), place), text: argument.slice(equals + 1), place };
}

/** `a.b.c` as names of keys. @throws ConfigError where it is none that can be set from outside a file */
export function keysOf(dotted: string, place: Place): string[] {
  const keys = dotted.split(".");
  const at = formatPlace(place);
  for (const key of keys) {
    if (!/^[\w$-]+$/.test(key)) {
      throw new ConfigError(
        `${at}: expected names with dots between them, got "${dotted}". A list is set as a whole: KEY=[1, 2]`,
      );
    }
    keyName(key, place);
  }
  if (keys[0] === "extends") {
    throw new ConfigError(`${at}: extends can't be set here. Name another file, or write it there`);
  }
  return keys;
}

/** A map of one value, under the key that `keys` lead to. */
export function nested(keys: readonly string[], value: Located): Located {
  const { place, keyPlace = place } = value;
  let node = value;
  for (const key of [...keys].reverse()) node = { value: new Map([[key, { ...node, keyPlace }]]), place };
  return node;
}

/** A value as it is typed: YAML, or text where it is none. */
export function readValue(text: string, place: Place): Located {
  const asText: Located = { value: text, place, text };
  if (text === "" || text === "null") return { value: null, place };
  if (hasComment(text)) return asText;
  try {
    const { text: _, ...parsed } = parseYaml(text, () => place) ?? asText;
    const quoted = /^(["']).*\1$/s.test(text) && typeof parsed.value === "string";
    return quoted ? parsed : { ...parsed, text };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const list = /^\[(.*)\]$/s.exec(text)?.[1];
    if (list !== undefined) return { value: items(list).map((item) => readValue(item, place)), place };
    const inside = /^"(.*)"$/s.exec(text)?.[1]; // "C:\Users": no escape is meant
    return inside === undefined ? asText : { value: inside, place };
  }
}

/** Items of a list that YAML can't read, such as globs: `*.png, *.{jpg,webp}`. */
function items(list: string): string[] {
  const parts = list.split(/,(?![^{]*\})/);
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
