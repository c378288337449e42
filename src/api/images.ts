import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError, ShapeError } from "../errors.ts";
import { squareGrid } from "../explore/grids.ts";
import { beside, type Images as Packed, slice } from "../explore/images.ts";
import { makeFolders, writeProblem } from "../files/atomic_file.ts";
import { toBytes } from "../images/bytes.ts";
import { gridPng } from "../images/grid.ts";
import { type Tensor4D, tf } from "../tf.ts";
import { checked, checkedOptions, instanceOf, integer, text } from "./checked.ts";

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
    checkedOptions("png", options, { columns: integer(1), scale: integer(1) });
    const { columns = this.columns, scale } = options;
    if (this.count === 0) throw new DataError("png: expected images, got none.");
    if (columns === undefined) return squareGrid(this.packed, this.range, scale);
    return gridPng(this.data, this.shape, { columns, range: this.range, scale });
  }

  /** A PNG of each, of its own size times `scale`. */
  async pngs(options: Pick<PngOptions, "scale"> = {}): Promise<Buffer[]> {
    const { scale = 1 } = checkedOptions("pngs", options, { scale: integer(1) });
    const how = { columns: 1, range: this.range, scale, padding: 0 };
    return Promise.all(
      Array.from({ length: this.count }, (_, n) => {
        const { images, shape } = slice(this.packed, n, 1);
        return gridPng(images, shape, how);
      }),
    );
  }

  /** Writes `png` to a file, whose folder is made where it is missing. @throws UserError where it can't be written */
  async save(file: string, options: PngOptions = {}): Promise<void> {
    checked("save: file", file, text);
    const png = await this.png(options);
    await makeFolders(dirname(file));
    await writeFile(file, png).catch((error) => Promise.reject(writeProblem(file, error)));
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
    const first = Math.min(checked("slice: from", from, integer(0)), this.count);
    const count = Math.max(0, checked("slice: to", to, integer(0)) - first);
    return new Images(slice(this.packed, first, count), this.range);
  }

  /**
   * Each with its counterpart of `others` to the right, as `vae reconstruct` shows them.
   *
   * @throws ShapeError where they are not as many, or of another size
   */
  beside(others: Images): Images {
    checked("beside: images", others, instanceOf(Images as never));
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
