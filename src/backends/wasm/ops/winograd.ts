import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import type { ConvInfo, Convolution } from "./conv_info.ts";
import { withBias } from "./fused.ts";

/** Whether Winograd's way is the faster one: 3x3 of stride 1, and channels enough to pay for the transforms. */
export function suitsWinograd(info: ConvInfo): boolean {
  const steps = [info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth];
  const { filterHeight: kh, filterWidth: kw, padInfo } = info;
  return (
    kh === 3 &&
    kw === 3 &&
    steps.every((s) => s === 1) &&
    Math.max(padInfo.top, padInfo.left) <= 2 &&
    info.inChannels >= 16 &&
    info.outChannels >= 16
  );
}

interface Winograd extends Convolution {
  readonly pad: readonly [number, number];
}

/** A 3x3 convolution of stride 1 with `filter` [3, 3, in, out] or, `back`, with what carries its gradients back. */
export function runWinograd(backend: WasmBackend, filter: TensorInfo, back: boolean, w: Winograd): void {
  const [oh, ow, n] = w.to;
  const channels = 4 * Math.ceil(w.from[2] / 4);
  const padded = 16 * Math.ceil(n / 16);
  const tiles = w.images * Math.ceil(oh / 4) * Math.ceil(ow / 4);
  const block = blockOf(tiles, w.from[2] >= 256 ? 66 : 36, backend.pool.threads);
  const points = transformFilter(backend, filter, back, false);
  const patch = 36 * (4 * channels + 64);
  const bytes = 1280 + 128 + patch + 36 * (4 * block * (channels + padded) + 128);
  withBias(backend, undefined, n, (zeros) => {
    const scratch = backend.pool.scratch(bytes);
    const args = [
      ...[w.x, w.mask, ...w.from, channels, w.y, oh, ow, n, ...w.pad, points],
      ...[w.bias, w.floor, zeros, block, ...scratch],
    ];
    backend.pool.run("winograd", args, tiles, block);
  });
}

/** Rows that a product takes at once (kernels/gemm.ts). */
export const ROWS = 6;

/**
 * Tiles of a block, `most` at most and a multiple of ROWS, so that all threads have as many blocks; results don't depend on it.
 */
export function blockOf(tiles: number, most: number, threads: number): number {
  const blocks = threads * Math.ceil(tiles / most / threads);
  return Math.min(most, ROWS * Math.ceil(tiles / blocks / ROWS));
}

/** The filter's points, [36][n / 16][channels][16]; `back`: for its input's gradient, `strided`: for runStrided. */
export function transformFilter(
  backend: WasmBackend,
  filter: TensorInfo,
  back: boolean,
  strided: boolean,
): number {
  const [, , first, second] = filter.shape as [number, number, number, number];
  const [c, n] = back ? [second, first] : [first, second];
  const channels = 4 * Math.ceil(c / 4);
  const bytes = 4 * 36 * channels * 16 * Math.ceil(n / 16);
  const data = backend.data.get(filter.dataId);
  return data.packedAs(`${strided ? "strided" : "winograd"}${back ? " back" : ""}`, bytes, (at) => {
    const strides = back ? [1, second] : [second, 1];
    const scratch = backend.pool.scratch(1024);
    const args = [
      ...[data.at, first * second, ...strides, back ? 1 : 0, strided ? 1 : 0],
      ...[c, channels, n, at, ...scratch],
    ];
    backend.pool.run("winogradFilter", args, channels, Math.max(1, Math.ceil(2048 / n)));
  });
}
