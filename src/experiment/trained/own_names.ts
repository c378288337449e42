/** Parts of names that come of wrapping a model or a part of it: for several devices, for torch.compile, for averages. */
const WRAPPERS = new Set([
  "module",
  "_orig_mod",
  "_forward_module",
  "_fsdp_wrapped_module",
  "_checkpoint_wrapped_module",
]);
/** An average of the weights beside them. */
const AVERAGE = /ema|average|shadow/i;

/**
 * The entries of a state_dict by the names that a model has for them, `wanted`: without what wrappers put in, and without
 * the name under which a larger module held the model (`model.`, `net.`, `vae.`), which is the one that leaves most of
 * the model's names. Sentences say what was left.
 */
export function ownNames<T>(
  entries: ReadonlyMap<string, T>,
  wanted: readonly string[],
): { stored: Map<string, T>; notes: string[] } {
  const names = new Set(wanted);
  const plain = new Map(
    [...entries].map(([name, entry]) => {
      const parts = name.split(".").filter((part) => !WRAPPERS.has(part));
      return [parts.join("."), entry] as const;
    }),
  );
  const prefix = commonPrefix([...plain.keys()], names);
  const stored = new Map<string, T>();
  const outside: string[] = [];
  for (const [name, entry] of plain) {
    if (name.startsWith(prefix)) stored.set(name.slice(prefix.length), entry);
    else outside.push(name);
  }
  const first = outside.length > 1 ? ", the first" : "";
  const notes =
    outside.length > 0
      ? [`${outside.length} entries left that are not below "${prefix}"${first}: ${outside[0]}`]
      : [];
  return { stored, notes };
}

/** What stands before most of `wanted` in `names`; "model." where none of them is there, as Lightning has it. */
function commonPrefix(names: readonly string[], wanted: ReadonlySet<string>): string {
  const votes = new Map<string, number>();
  for (const name of names) {
    for (let from = 0; from >= 0; from = nextPart(name, from)) {
      if (wanted.has(name.slice(from))) {
        const prefix = name.slice(0, from);
        votes.set(prefix, (votes.get(prefix) ?? 0) + 1);
      }
    }
  }
  const [best] = [...votes].sort(
    ([a, n], [b, m]) => m - n || Number(AVERAGE.test(a)) - Number(AVERAGE.test(b)) || a.length - b.length,
  );
  return best?.[0] ?? (names.every((name) => name.startsWith("model.")) ? "model." : "");
}

/** Where the part of a name after the one at `from` starts; -1 behind the last. */
const nextPart = (name: string, from: number): number => name.indexOf(".", from) + 1 || -1;
