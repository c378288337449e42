import type { ModelDefinition } from "../../models/define.ts";

/** What PyTorch-VAE stores besides a model's parameters: what it is, and its names. */
export type IgnoredKinds = readonly (readonly [what: string, names: (name: string) => boolean])[];

/** Of a model's checkpoints. */
export const ignoredKinds = ({ pytorchVae: { stored } = { values: {} } }: ModelDefinition): IgnoredKinds => [
  ["batch norm's counters", (name) => /(^|\.)num_batches_tracked$/.test(name)],
  ["an average's counter", (name) => name === "n_averaged"],
  ...(stored
    ? [[stored.what, (name: string) => [stored.prefix].flat().some((p) => name.startsWith(p))] as const]
    : []),
];

/** How many entries were left, and what they are; undefined where there are none. */
export function leftText(names: readonly string[], kinds: IgnoredKinds): string | undefined {
  if (names.length === 0) return undefined;
  const found = kinds.filter(([, isOfKind]) => names.some(isOfKind)).map(([what]) => what);
  return `${names.length === 1 ? "1 entry" : `${names.length} entries`} left: ${found.join(", ")}`;
}
