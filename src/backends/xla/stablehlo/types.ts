/** Types of a tensor's elements, by tfjs's names; uint8 is of inputs and inside executables, bfloat16 inside alone. */
export type ElementType = "float32" | "int32" | "uint8" | "bool" | "bfloat16";
export type HostType = Exclude<ElementType, "bfloat16">;
export type HostValues = Float32Array | Int32Array | Uint8Array;
export type Shape = readonly number[];

const NAMES: Record<ElementType, string> = {
  float32: "f32",
  int32: "i32",
  uint8: "ui8",
  bool: "i1",
  bfloat16: "bf16",
};
const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array } as const;

/** A tensor's type as StableHLO writes it: `tensor<2x3xf32>`. */
export const tensorType = (shape: Shape, type: ElementType): string =>
  `tensor<${shape.map((n) => `${n}x`).join("")}${NAMES[type]}>`;

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

export const newArray = (type: HostType, length: number): HostValues => new ARRAYS[type](length);

/** A copy of numbers in the array of a type. */
export const toArray = (type: HostType, values: ArrayLike<number>): HostValues => new ARRAYS[type](values);
