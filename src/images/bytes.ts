/** Values in a range as bytes, its lowest 0 and its highest 255; others are clipped, what is not a number is 0. */
export function toBytes(values: Float32Array, [low, high]: readonly [number, number]): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(values.length);
  const factor = 255 / (high - low);
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round((values[i]! - low) * factor);
  return bytes;
}

/** Bytes as values in a range. */
export function fromBytes(bytes: ArrayLike<number>, [low, high]: readonly [number, number]): Float32Array {
  const values = Float32Array.from({ length: 256 }, (_, byte) => low + (byte / 255) * (high - low));
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = values[bytes[i]!]!;
  return out;
}
