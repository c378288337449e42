/**
 * `count` numbers in [0, 1) that any program can make: a hash of the place k and the stream t
 * (the same in test/parity/formula.py).
 */
export function formula(count: number, t: number): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => {
    let h = (Math.imul(k, 2654435761) + Math.imul(t, 40503) + 12345 + 7919) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519) >>> 0;
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
  });
}

/** `count` numbers that are nearly normal: sums of twelve of the formula's, less 6. */
export function nearlyNormal(count: number, t: number): Float32Array {
  const u = formula(12 * count, t);
  return Float32Array.from({ length: count }, (_, i) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += u[k * count + i]!;
    return sum;
  });
}

/** Of a tensor of a PyTorch state_dict, `t` its place there: matrices of He's scale, variances and weights about 1. */
export function formulaWeights(name: string, shape: readonly number[], t: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const transposed = name.includes("decoder.") || name === "final_layer.0.weight";
  const fanIn = (size / shape[0]! / shape[1]!) * (transposed ? shape[0]! : shape[1]!);
  return Float32Array.from(formula(size, t), (number) => {
    const u = number - 0.5;
    if (shape.length > 1) return u * Math.sqrt(12) * Math.sqrt(2 / fanIn);
    if (name.endsWith("running_var")) return 1 + 0.5 * u;
    return name.endsWith("weight") ? 1 + 0.2 * u : 0.1 * u;
  });
}
