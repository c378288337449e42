/** Short name of an element's type. */
export type ElementType = keyof typeof ELEMENT_TYPES;

export type Values =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/**
 * PJRT_Buffer_Type's number and what JavaScript holds the values in: bit patterns for f16 and bf16, 0 and 1 for pred.
 */
export const ELEMENT_TYPES = {
  pred: { code: 1, array: Uint8Array },
  i8: { code: 2, array: Int8Array },
  i16: { code: 3, array: Int16Array },
  i32: { code: 4, array: Int32Array },
  i64: { code: 5, array: BigInt64Array },
  u8: { code: 6, array: Uint8Array },
  u16: { code: 7, array: Uint16Array },
  u32: { code: 8, array: Uint32Array },
  u64: { code: 9, array: BigUint64Array },
  f16: { code: 10, array: Uint16Array },
  f32: { code: 11, array: Float32Array },
  f64: { code: 12, array: Float64Array },
  bf16: { code: 13, array: Uint16Array },
} as const;

const byCode = new Map(
  Object.entries(ELEMENT_TYPES).map(([name, { code }]) => [code as number, name as ElementType]),
);

/** Of a PJRT_Buffer_Type. */
export function elementTypeOf(code: number): ElementType {
  const found = byCode.get(code);
  if (found === undefined) throw new Error(`PJRT element type ${code} is not known here`);
  return found;
}

export const bytesPerElement = (type: ElementType): number => ELEMENT_TYPES[type].array.BYTES_PER_ELEMENT;

export const elementCount = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
