import { formatPlace, isMap, type Located } from "./located.ts";
import type { Problem } from "./problems.ts";

type Aliases = Readonly<Record<string, string>>;

/**
 * `root` with the keys of `model_params` that have PyTorch-VAE's names under ours, each still where it was written. Where
 * a config and what it `extends` name one parameter both ways, the one that is laid over the other counts;
 * of two in one file or of two `--set`, neither is.
 *
 * @param files in order, the last laid over first; what is in none of them (`--set`) is laid over all
 */
export function withOwnNames(
  root: Located,
  aliases: Aliases = {},
  files: readonly string[] = [],
): { root: Located; problems: Problem[] } {
  const section = isMap(root) ? root.value.get("model_params") : undefined;
  if (!isMap(root) || !isMap(section)) return { root, problems: [] };
  const keys = new Map<string, Located>();
  const problems: Problem[] = [];
  const rank = (node: Located) => files.indexOf(node.place.source);
  for (const [key, node] of section.value) {
    const name = (Object.hasOwn(aliases, key) && aliases[key]) || key;
    const other = keys.get(name);
    if (other !== undefined && rank(other) < rank(node)) continue;
    if (other !== undefined && rank(other) === rank(node)) {
      const at = formatPlace(other.keyPlace ?? other.place);
      const message = `expected once, got two names of it: the other is at ${at}. Remove one.`;
      problems.push({ path: ["model_params", key], message, place: node.keyPlace ?? node.place });
    }
    keys.set(name, node);
  }
  const renamed = new Map(root.value).set("model_params", { ...section, value: keys });
  return { root: { ...root, value: renamed }, problems };
}
