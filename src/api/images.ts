import { writeFile } from "node:fs/promises";
import { DataError, ShapeError } from "../errors.ts";
import { squareGrid } from "../explore/grids.ts";
import { beside, type Images as Packed, slice } from "../explore/images.ts";
import { toBytes } from "../images/bytes.ts";
import { gridPng } from "../images/grid.ts";
import { type Tensor4D, tf } from "../tf.ts";
import { wholeNumber } from "./checked.ts";

/** How images are drawn into one PNG. */
export interface PngOptions {
  /** Images in a row. Default: so many that the picture is about square, or as the images belong together. */
  readonly columns?: number | undefined;
  /** Pixels in each direction that one of an image is shown as. Default: so many that one can see it. */
  readonly scale?: number | undefined;
}

/** Images as a model takes and gives them, in memory: out as PNG files, bytes of pixels or a tensor. */
export class Images {
  /** Packed values, in `range`. */
  readonly data: Float32Array;
  /** [N, H, W, C]. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** The values that are black and white: [0, 1], or [-1, 1] of a model with `image_range: signed`. */
  readonly range: readonly [low: number, high: number];
  /** Packed [N, L], of images of a data set with labels. */
  readonly labels: Float32Array | undefined;
  /** How many belong in a row; undefined where it makes no difference. */
  protected readonly columns: number | undefined;

  /** @internal */
  constructor(
    { images, shape, labels }: Packed,
    range: readonly [number, number],
    { columns }: { readonly columns?: number | undefined } = {},
  ) {
    this.data = images;
    this.shape = shape;
    this.range = range;
    this.labels = labels;
    this.columns = columns;
  }

  /** How many they are. */
  get count(): number {
    return this.shape[0];
  }

  /** All of them as one PNG, in rows with white lines between them, as the commands draw them. */
  async png(options: PngOptions = {}): Promise<Buffer> {
    const { columns = this.columns, scale } = options;
    if (columns !== undefined) wholeNumber("png: columns", columns, 1);
    if (scale !== undefined) wholeNumber("png: scale", scale, 1);
    if (this.count === 0) throw new DataError("png: expected images, got none.");
    if (columns === undefined) return squareGrid(this.packed, this.range, scale);
    return gridPng(this.data, this.shape, { columns, range: this.range, scale });
  }

  /** A PNG of each, of its own size times `scale`. */
  async pngs(options: Pick<PngOptions, "scale"> = {}): Promise<Buffer[]> {
    const scale = wholeNumber("pngs: scale", options.scale ?? 1, 1);
    const how = { columns: 1, range: this.range, scale, padding: 0 };
    return Promise.all(
      Array.from({ length: this.count }, (_, n) => {
        const { images, shape } = slice(this.packed, n, 1);
        return gridPng(images, shape, how);
      }),
    );
  }

  /** Writes `png` to a file. */
  async save(file: string, options: PngOptions = {}): Promise<void> {
    await writeFile(file, await this.png(options));
  }

  /** Bytes of pixels, packed [N, H, W, C], 0 black and 255 white. */
  pixels(): Uint8ClampedArray {
    return toBytes(this.data, this.range);
  }

  /** A tensor [N, H, W, C] in `range`, which the caller disposes of. */
  tensor(): Tensor4D {
    return tf.tensor4d(this.data, [...this.shape]);
  }

  /** Those from number `from` up to but not with `to`, in the same memory. */
  slice(from: number, to = this.count): Images {
    const first = Math.min(wholeNumber("slice: from", from, 0), this.count);
    const count = Math.max(0, wholeNumber("slice: to", to, 0) - first);
    return new Images(slice(this.packed, first, count), this.range);
  }

  /**
   * Each with its counterpart of `others` to the right, as `vae reconstruct` shows them.
   *
   * @throws ShapeError where they are not as many, or of another size
   */
  beside(others: Images): Images {
    if (String(others.shape) !== String(this.shape))
      throw new ShapeError(
        `beside: expected as many images of the same size, [${this.shape.join(", ")}], got [${others.shape.join(", ")}].`,
      );
    return new Images(beside(this.packed, others.packed), this.range);
  }

  /** As the functions of `explore` take them. */
  protected get packed(): Packed {
    const { data: images, shape, labels } = this;
    return { images, shape, ...(labels && { labels }) };
  }
}
