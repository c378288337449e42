import type { Value } from "./value.ts";

/** max(convolution + bias, 0), where nothing else takes what lies between. */
export interface BiasedRelu {
  readonly convolution: Value;
  /** [C], and how it repeats over the convolution. */
  readonly bias: Value;
  readonly spread: Value;
  readonly sum: Value;
}

/** Those among what `outputs` are computed from, by the maximum. */
export function biasedRelus(outputs: readonly Value[]): Map<Value, BiasedRelu> {
  const readers = new Map<Value, number>();
  const maxima: Value[] = [];
  const left = [...outputs];
  for (const output of outputs) readers.set(output, 1);
  const seen = new Set<Value>();
  for (let v = left.pop(); v !== undefined; v = left.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    if (v.operation?.name === "maximum") maxima.push(v);
    for (const input of v.operation?.inputs ?? []) {
      readers.set(input, (readers.get(input) ?? 0) + 1);
      left.push(input);
    }
  }
  const isReadOnce = (v: Value) => readers.get(v) === 1;
  return new Map(
    maxima.flatMap((v) => {
      const found = biasedRelu(v);
      return found && isReadOnce(found.sum) && isReadOnce(found.convolution) ? [[v, found]] : [];
    }),
  );
}

function biasedRelu({ operation }: Value): BiasedRelu | undefined {
  const [sum, zero] = operation!.inputs;
  if (zero?.operation?.splat !== 0 || sum?.operation?.name !== "add") return undefined;
  const [convolution, spread] = sum.operation.inputs as [Value, Value];
  if (convolution.operation?.name !== "convolution" || convolution.type !== "float32") return undefined;
  if (spread.operation?.name !== "broadcast_in_dim") return undefined;
  const bias = spread.operation.inputs[0]!;
  const isOfChannels = bias.shape.length === 1 && bias.shape[0] === convolution.shape.at(-1);
  return isOfChannels ? { convolution, bias, spread, sum } : undefined;
}
