/** How rows of an output are read from two inputs that are broadcast to it; strides in elements. */
export interface RowPlan {
  /** Elements of a row, and 1 or 0: whether each input has one for each of them. */
  readonly n: number;
  readonly ends: readonly [number, number];
  readonly rows: number;
  /** The last two of the three dimensions that count the rows. */
  readonly d2: number;
  readonly d3: number;
  readonly strides: readonly [readonly number[], readonly number[]];
}

/** The plan for shapes `a` and `b` broadcast to `out`; undefined where it takes more than four dimensions. */
export function planRows(
  a: readonly number[],
  b: readonly number[],
  out: readonly number[],
): RowPlan | undefined {
  const dims = mergeDims(a, b, out);
  if (dims.length > 4) return undefined;
  while (dims.length < 4) dims.unshift({ size: 1, has: [false, false] });
  const strides = [0, 1].map((input) => {
    const result = new Array<number>(4).fill(0);
    let step = 1;
    for (let d = 3; d >= 0; d--) {
      if (!dims[d]!.has[input]) continue;
      result[d] = step;
      step *= dims[d]!.size;
    }
    return result;
  }) as [number[], number[]];
  const [d1, d2, d3, n] = dims.map((d) => d.size) as [number, number, number, number];
  return { n, ends: [strides[0][3]!, strides[1][3]!], rows: d1 * d2 * d3, d2, d3, strides };
}

interface Dim {
  size: number;
  readonly has: readonly [boolean, boolean];
}

/** The output's dimensions without those of size 1, neighbours joined that each input has, or lacks, alike. */
function mergeDims(a: readonly number[], b: readonly number[], out: readonly number[]): Dim[] {
  const dims: Dim[] = [];
  for (const [i, size] of out.entries()) {
    if (size === 1) continue;
    const sizeIn = (shape: readonly number[]) => shape[i - out.length + shape.length] ?? 1;
    const has = [sizeIn(a) !== 1, sizeIn(b) !== 1] as const;
    const last = dims.at(-1);
    if (last !== undefined && last.has[0] === has[0] && last.has[1] === has[1]) last.size *= size;
    else dims.push({ size, has });
  }
  return dims;
}
