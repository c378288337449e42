import { ConfigError } from "../errors.ts";
import type { Located, Place } from "./located.ts";
import { hasComment, keyName, parseYaml } from "./parse.ts";

/**
 * The config that `--set a.b.c=VALUE` lays over a file: a map of the one value, parsed as YAML; as text, where it is no
 * YAML or would hold a comment, and where its key takes only text (`withTexts`). Relative paths in it start from the
 * current folder.
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
  let node = read(argument.slice(equals + 1), place);
  for (const key of keys.reverse()) {
    node = { value: new Map([[key, { ...node, keyPlace: place }]]), place };
  }
  return node;
}

function read(text: string, place: Place): Located {
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
    if (list !== undefined) return { value: items(list).map((item) => read(item, place)), place };
    const inside = /^"(.*)"$/s.exec(text)?.[1]; // "C:\Users": no escape is meant
    return inside === undefined ? asText : { value: inside, place };
  }
}

/** Items of a list that YAML can't read, such as globs: `*.png, *.{jpg,webp}`. */
function items(list: string): string[] {
  const parts = list.split(/,(?![^{]*\})/);
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
