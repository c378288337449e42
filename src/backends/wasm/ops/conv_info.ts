import type { tf } from "../../../tf.ts";

/** Sizes, strides and padding of a convolution, by tfjs. */
export type ConvInfo = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/** What a convolution by any of the ways is called with: addresses (0: no mask), and sizes by height, width, channels. */
export interface Convolution {
  readonly x: number;
  readonly mask: number;
  readonly y: number;
  readonly bias: number;
  readonly floor: number;
  readonly images: number;
  readonly from: readonly [number, number, number];
  readonly to: readonly [number, number, number];
}
