/**
 * Values in C order of an array that lies otherwise: `out[i]` is the value of `from` that is reached from `offset` by steps of
 * `strides`, in values, along the axes of `shape`.
 */
export function gatherStrided<T>(
  out: { readonly length: number; [index: number]: T },
  from: { readonly [index: number]: T },
  {
    shape,
    strides,
    offset = 0,
  }: {
    readonly shape: readonly number[];
    readonly strides: readonly number[];
    readonly offset?: number;
  },
): void {
  const at = new Array<number>(shape.length).fill(0);
  for (let i = 0, place = offset; i < out.length; i++) {
    out[i] = from[place]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      place += strides[d]!;
      if (++at[d]! < shape[d]!) break;
      place -= strides[d]! * shape[d]!;
      at[d] = 0;
    }
  }
}
