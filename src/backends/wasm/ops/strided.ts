import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import type { ConvInfo, Convolution } from "./conv_info.ts";
import { withBias } from "./fused.ts";
import { blockOf, ROWS, transformFilter } from "./winograd.ts";

/** Channels of a tile's products: vectors are taken in pairs. */
const MULTIPLE = 8;
/** Bytes of a block's products that stay in the second cache. */
const BLOCK_BYTES = 512 * 1024;

/** Whether a convolution is one for kernels/strided.ts: 3x3 of stride 2 and padding 1, and enough of it for tiles of 4x4. */
export function suitsStrided(info: ConvInfo): boolean {
  const { filterHeight: kh, filterWidth: kw, strideHeight: sh, strideWidth: sw, padInfo } = info;
  const { dilationHeight, dilationWidth, inChannels: c, outChannels: n, outHeight, outWidth } = info;
  return (
    [kh, kw].every((k) => k === 3) &&
    [sh, sw].every((s) => s === 2) &&
    [padInfo.top, padInfo.left, dilationHeight, dilationWidth].every((d) => d === 1) &&
    [c, n].every((channels) => channels >= 16 && channels % MULTIPLE === 0) &&
    Math.min(outHeight, outWidth) > 2
  );
}

/** Such a convolution. */
export function runStrided(backend: WasmBackend, filter: TensorInfo, w: Convolution): void {
  const [oh, ow, n] = w.to;
  const c = w.from[2];
  const tiles = w.images * Math.ceil(oh / 4) * Math.ceil(ow / 4);
  const { block, group, bytes } = sizesOf(backend, tiles, c, n, 81 * c);
  const points = transformFilter(backend, filter, false, true);
  withBias(backend, undefined, n, (zeros) => {
    const args = [
      ...[w.x, ...w.from, w.y, oh, ow, n, points, w.bias, w.floor, zeros],
      ...[block, group, ...backend.pool.scratch(bytes)],
    ];
    backend.pool.run("stridedConv", args, tiles, block);
  });
}

/** The gradient of such a convolution's input, or a transposed convolution: from dy to dx. */
export function runStridedBack(backend: WasmBackend, filter: TensorInfo, w: Convolution): void {
  const [ih, iw, c] = w.to;
  const n = w.from[2];
  const tiles = w.images * Math.ceil(ih / 8) * Math.ceil(iw / 8);
  const { block, group, bytes } = sizesOf(backend, tiles, n, c, 25 * n);
  const points = transformFilter(backend, filter, true, true);
  withBias(backend, undefined, c, (zeros) => {
    const args = [
      ...[w.x, ...w.from, w.y, ih, iw, c, points, w.bias, zeros],
      ...[block, group, ...backend.pool.scratch(bytes)],
    ];
    backend.pool.run("stridedConvBack", args, tiles, block);
  });
}

/** Bytes of the sums for all points below which each part of the tiles has its own, in the second cache. */
const PART_BYTES = 320 * 1024;
const PARTS = 16;
/** Bytes of the values for the products of as many tiles as are held at once where they don't. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** The gradient of such a convolution's filter. */
export function runStridedFilterGrad(
  backend: WasmBackend,
  info: ConvInfo,
  x: number,
  dy: number,
  dw: number,
): void {
  const { inChannels: c, outChannels: n, outHeight: oh, outWidth: ow } = info;
  const tiles = info.batchSize * Math.ceil(oh / 4) * Math.ceil(ow / 4);
  const size = 4 * 36 * c * n;
  const shapes = [x, info.inHeight, info.inWidth, c, dy, oh, ow, n];
  const patch = 2048 + 324 * Math.max(c, n) + 64;
  const taps = (du: number, parts: number) => {
    const args = [du, parts, c, n, dw, ...backend.pool.scratch(2048)];
    backend.pool.run("stridedFilterTaps", args, c, Math.max(1, Math.ceil(1024 / n)));
  };
  const rows = (count: number, channels: number) => 9 * Math.ceil(channels / 16) * (9 * 64 * count + 384);
  if (size <= PART_BYTES) {
    const parts = Math.max(1, Math.min(PARTS, Math.floor(tiles / 24)));
    const block = 4 * Math.max(1, Math.floor(BLOCK_BYTES / (4 * 81 * (c + n)) / 4));
    backend.withTemporary(parts * size, (du) => {
      const scratch = backend.pool.scratch(patch + rows(block, c) + rows(block, n));
      const args = [...shapes, tiles, parts, du, block, ...scratch];
      backend.pool.run("stridedFilterParts", args, parts, 1);
      taps(du, parts);
    });
    return;
  }
  const group = Math.min(tiles, Math.max(64, Math.floor(GROUP_BYTES / (4 * 81 * (c + n)))));
  backend.withTemporary(size + rows(group, c) + rows(group, n), (du) => {
    const v = du + size;
    const y = v + rows(group, c);
    const scratch = backend.pool.scratch(patch);
    for (let t0 = 0; t0 < tiles; t0 += group) {
      const count = Math.min(group, tiles - t0);
      backend.pool.run("stridedFilterTiles", [...shapes, t0, count, v, y, ...scratch], count, 4);
      const args = [v, y, count, c, n, du, t0 > 0 ? 1 : 0, ...scratch];
      backend.pool.run("stridedFilterProducts", args, 36 * Math.ceil(n / 16), 1);
    }
    taps(du, 1);
  });
}

/** Tiles of a block, panels of a group, and a thread's scratch memory; `patch`: floats of a tile's pixels. */
function sizesOf(backend: WasmBackend, tiles: number, c: number, n: number, patch: number) {
  const panels = Math.ceil(n / 16);
  const fit = Math.floor(BLOCK_BYTES / (4 * 81 * (c + Math.min(n, 64))));
  const most = Math.max(12, Math.min(36, ROWS * Math.floor(fit / ROWS)));
  const block = blockOf(tiles, most, backend.pool.threads);
  const group = Math.min(panels, 4);
  const bytes = 2048 + 128 + 4 * patch + 64 + 9 * (9 * 4 * block * (c + 16 * group) + 768);
  return { block, group, bytes };
}
