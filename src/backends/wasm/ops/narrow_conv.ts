import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import type { ConvInfo, Convolution } from "./conv_info.ts";
import { withBias } from "./fused.ts";

/** Convolutions to so few channels don't fill a panel of 16 columns. */
export const NARROW = 4;
/** Products of a pixel with all taps that are kept at once. */
const MOST_COLUMNS = 512;
/** Rows of an image that are one task; those around it are multiplied twice. */
const BAND = 16;

/** Whether a convolution of this geometry to `n` channels is one for `runNarrow`. */
export function suitsNarrow(info: ConvInfo, n: number): boolean {
  const steps = [info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth];
  const taps = info.filterHeight * info.filterWidth;
  return n <= NARROW && taps > 1 && taps * n <= MOST_COLUMNS && steps.every((s) => s === 1);
}

interface Narrow extends Convolution {
  readonly window: readonly [number, number];
  readonly pad: readonly [number, number];
}

/** A convolution with `filter` [kh, kw, in, out] or, `back`, with what carries its gradients back. */
export function runNarrow(backend: WasmBackend, filter: TensorInfo, back: boolean, w: Narrow): void {
  const [oh, ow, n] = w.to;
  const [kh, kw] = w.window;
  const columns = 16 * Math.ceil((kh * kw * n) / 16);
  const pixels = ow + kw + Math.abs(w.pad[1]) + w.from[1];
  const products = packProducts(backend, filter, back, columns);
  withBias(backend, undefined, columns, (zeros) => {
    const scratch = backend.pool.scratch(256 + 4 * (kh * pixels * columns + w.from[1] * w.from[2]));
    const args = [
      ...[w.x, w.mask, ...w.from, products, kh, kw, columns, w.y, oh, ow, n, ...w.pad],
      ...[w.bias, w.floor, zeros, BAND, ...scratch],
    ];
    backend.pool.run("narrowConv", args, w.images * Math.ceil(oh / BAND), 1);
  });
}

/** The filter as panels [columns / 16][in][16] of columns (tap, out); `back`: taps reversed, in and out swapped. */
function packProducts(backend: WasmBackend, filter: TensorInfo, back: boolean, columns: number): number {
  const [kh, kw, first, second] = filter.shape as [number, number, number, number];
  const [c, n] = back ? [second, first] : [first, second];
  const [step, next] = back ? [1, second] : [second, 1]; // of `c` and of `n`, in the filter
  const data = backend.data.get(filter.dataId);
  return data.packedAs(back ? "products back" : "products", 4 * c * columns, (at) => {
    const [w, out] = [data.values, backend.wasmMemory.view(Float32Array, at, c * columns)];
    out.fill(0);
    for (let tap = 0; tap < kh * kw; tap++) {
      const source = (back ? kh * kw - 1 - tap : tap) * c * n;
      for (let o = 0; o < n; o++) {
        const column = tap * n + o;
        const panel = (column >> 4) * 16 * c + (column & 15);
        for (let i = 0; i < c; i++) out[panel + 16 * i] = w[source + i * step + o * next]!;
      }
    }
  });
}
