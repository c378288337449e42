import type { Dimension } from "../explore/dimensions.ts";
import type { Traversed } from "../explore/traversal.ts";
import { traversalPng } from "../explore/traverse.ts";
import { checkedOptions, integer } from "./checked.ts";
import { Images, type PngOptions } from "./images.ts";

/**
 * What each dimension of z does: one row of images a dimension, one column a value, packed one row after the other. A row that
 * has fewer values than others ends in images of NaN.
 */
export class Traversal extends Images {
  /** The dimension of each row. */
  readonly rows: readonly Dimension[];
  /** The values of each row, from left to right. */
  readonly values: readonly (readonly number[])[];
  /** All dimensions of the model, the most active first, with their KL. */
  readonly dimensions: readonly Dimension[];

  /** @internal */
  constructor(
    private readonly made: Traversed,
    range: readonly [number, number],
  ) {
    super(made.images, range, { columns: made.columns });
    this.rows = made.shown;
    this.values = made.rows;
    this.dimensions = made.dimensions;
  }

  /** As the command draws it: with each row's dimension and KL, and the values above. */
  override png(options: Omit<PngOptions, "columns"> = {}): Promise<Buffer> {
    const { scale } = checkedOptions("png", options, { scale: integer(1) });
    return traversalPng(this.made.images, this.made.shown, this.made.values, { range: this.range, scale });
  }
}
