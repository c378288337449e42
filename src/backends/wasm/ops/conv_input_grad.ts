import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { runWindows } from "./conv_forward.ts";
import type { ConvInfo } from "./conv_info.ts";
import { withBias } from "./fused.ts";
import { NARROW, runNarrow, suitsNarrow } from "./narrow_conv.ts";
import { runStridedBack, suitsStrided } from "./strided.ts";
import { runWinograd, suitsWinograd } from "./winograd.ts";

/**
 * The gradient of a convolution's input from that of its output, which is a transposed convolution too. Where
 * `relu` is given, dy counts only where it is above 0.
 */
export function runInputGrad(
  backend: WasmBackend,
  info: ConvInfo,
  dy: TensorInfo,
  filter: TensorInfo,
  relu: TensorInfo | undefined,
): TensorInfo {
  const dx = backend.output(info.inShape);
  const { inChannels: c, outChannels: n, padInfo } = info;
  const common = {
    x: backend.at(dy),
    mask: relu === undefined ? 0 : backend.at(relu),
    y: backend.at(dx),
    floor: -Infinity,
    images: info.batchSize,
  };
  withBias(backend, undefined, c, (bias) => {
    const { filterHeight: kh, filterWidth: kw } = info;
    const shapes = {
      from: [info.outHeight, info.outWidth, n],
      window: [kh, kw],
      to: [info.inHeight, info.inWidth, c],
      pad: [kh - 1 - padInfo.top, kw - 1 - padInfo.left],
    } as const;
    if (suitsWinograd(info)) return runWinograd(backend, filter, true, { ...common, ...shapes, bias });
    if (suitsStrided(info) && relu === undefined)
      return runStridedBack(backend, filter, { ...common, ...shapes, bias });
    if (suitsNarrow(info, c)) return runNarrow(backend, filter, true, { ...common, ...shapes, bias });
    // Pixels of the input whose row and column have the same rest by the stride see the same filter taps.
    const rows = parities(info.inHeight, info.filterHeight, info.strideHeight, padInfo.top);
    const columns = parities(info.inWidth, info.filterWidth, info.strideWidth, padInfo.left);
    for (const row of rows) {
      for (const column of columns) {
        runWindows(backend, {
          ...common,
          bias,
          panels: packTaps(backend, info, filter, row, column),
          from: [info.outHeight, info.outWidth, n],
          window: [row.taps, column.taps],
          to: [row.count, column.count, c],
          stride: [1, 1],
          offset: [row.offset, column.offset],
          dilation: [1, 1],
          target: {
            size: [info.inHeight, info.inWidth],
            step: [info.strideHeight, info.strideWidth],
            first: [row.first, column.first],
          },
        });
      }
    }
  });
  return dx;
}

interface Parity {
  /** The first pixel, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly taps: number;
  /** The tap that the first of the gradient's rows goes through; the next ones lie `stride` lower. */
  readonly lastTap: number;
  /** The first row of the gradient for the first pixel. */
  readonly offset: number;
}

/** Pixel first + stride i gets from the gradient's row i + (first + pad - tap) / stride for each of its taps. */
function parities(size: number, filter: number, stride: number, pad: number): Parity[] {
  return Array.from({ length: Math.min(stride, size) }, (_, first) => {
    const lowest = (first + pad) % stride;
    const taps = Math.max(0, Math.ceil((filter - lowest) / stride));
    const lastTap = lowest + (taps - 1) * stride;
    const offset = (first + pad - lastTap) / stride;
    return { first, count: Math.ceil((size - first) / stride), taps, lastTap, offset };
  });
}

function packTaps(
  backend: WasmBackend,
  info: ConvInfo,
  filter: TensorInfo,
  row: Parity,
  column: Parity,
): number {
  const { inChannels: c, outChannels: n } = info;
  const count = Math.ceil(c / 16);
  const k = row.taps * column.taps * n;
  const data = backend.data.get(filter.dataId);
  const steps = [info.strideHeight, info.strideWidth] as const;
  const form = `taps ${row.lastTap} ${column.lastTap} by ${steps}`;
  if (c <= NARROW) {
    return data.packedAs(form, 4 * c * k, (at) => {
      const tap = c * n;
      const first = data.at + 4 * tap * (row.lastTap * info.filterWidth + column.lastTap);
      const from = [n, -steps[0] * info.filterWidth * tap, -steps[1] * tap]; // channel, row, column
      const to = [k, column.taps * n, n];
      const rows = c * row.taps * column.taps;
      backend.pool.run("copyRows", [first, at, n, 1, row.taps, column.taps, ...from, ...to], rows, rows);
    });
  }
  return data.packedAs(form, 64 * count * k, (at) => {
    const y = [row.lastTap, steps[0], row.taps];
    const x = [column.lastTap, steps[1], column.taps];
    backend.pool.run("packTransposed", [data.at, info.filterWidth, c, n, ...y, ...x, at], count, 1);
  });
}
