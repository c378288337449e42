import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { sizeOf } from "../kernel.ts";
import type { ConvInfo } from "./conv_info.ts";
import { NARROW } from "./narrow_conv.ts";
import { runStridedFilterGrad, suitsStrided } from "./strided.ts";

// As in kernels/filter_grad.ts.
const PIXELS = 128;
const ROWS = 96;

/** The gradient of a convolution's filter, [kh, kw, in, out]. */
export function runFilterGrad(
  backend: WasmBackend,
  info: ConvInfo,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const dw = backend.output(info.filterShape);
  const { filterHeight: kh, filterWidth: kw, inChannels: c, outChannels: n, padInfo } = info;
  if (suitsStrided(info)) {
    runStridedFilterGrad(backend, info, backend.at(x), backend.at(dy), backend.at(dw));
    return dw;
  }
  const narrow = n <= NARROW && c > n && info.strideHeight === 1 && info.strideWidth === 1;
  const input = [info.inHeight, info.inWidth, c] as const;
  const output = [info.outHeight, info.outWidth, n] as const;
  const common = { images: info.batchSize, window: [kh, kw] as const };
  if (!narrow) {
    runPixels(backend, {
      ...common,
      x: backend.at(x),
      from: input,
      dy: backend.at(dy),
      to: output,
      stride: [info.strideHeight, info.strideWidth],
      pad: [padInfo.top, padInfo.left],
      dw: backend.at(dw),
    });
    return dw;
  }
  // Seen from the input's pixels, the few channels of dy are the windows': the same products, [kh, kw, out, in], with
  // the taps in reverse.
  backend.withTemporary(4 * sizeOf(dw), (turned) => {
    runPixels(backend, {
      ...common,
      x: backend.at(dy),
      from: output,
      dy: backend.at(x),
      to: input,
      stride: [1, 1],
      pad: [kh - 1 - padInfo.top, kw - 1 - padInfo.left],
      dw: turned,
    });
    const last = turned + 4 * (kh * kw - 1) * c * n;
    const from = [-kw * c * n, -c * n, 1]; // row, column, input channel
    const to = [kw * c * n, c * n, n];
    const rows = kh * kw * c;
    backend.pool.run("copyRows", [last, backend.at(dw), n, c, kw, c, ...from, ...to], rows, rows);
  });
  return dw;
}

/** What `filterGrad` is called with: addresses, and sizes by height, width, channels. */
interface Pixels {
  readonly images: number;
  readonly x: number;
  readonly from: readonly [number, number, number];
  readonly dy: number;
  readonly to: readonly [number, number, number];
  readonly window: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
  readonly dw: number;
}

function runPixels(backend: WasmBackend, p: Pixels): void {
  const [oh, ow, n] = p.to;
  const [kh, kw] = p.window;
  const run = kw * p.from[2];
  const size = kh * run * n;
  const tasks = kh * run <= ROWS ? 1 : kh * Math.ceil(run / ROWS);
  const pixels = p.images * oh * ow;
  // Enough tasks for many threads; the parts are added afterwards. Depends on sizes alone, as the results do.
  const wanted = Math.ceil(32 / tasks);
  const parts = Math.max(1, Math.min(wanted, Math.ceil(pixels / PIXELS / 4), Math.floor(2 ** 22 / size)));
  const bytes = PIXELS * (4 * ROWS + 64) + 512 + 4 * PIXELS * 16 * Math.ceil(n / 16);
  const pass = (out: number) => {
    const sizes = [...p.from, p.dy, p.images, oh, ow, n, kh, kw, ...p.stride, ...p.pad];
    backend.pool.run(
      "filterGrad",
      [p.x, ...sizes, out, parts, ...backend.pool.scratch(bytes)],
      parts * tasks,
      1,
    );
  };
  if (parts === 1) {
    pass(p.dw);
    return;
  }
  backend.withTemporary(4 * parts * size, (all) => {
    pass(all);
    backend.pool.run("foldColumns", [all, parts, size, 1, p.dw], size, 4096);
  });
}
