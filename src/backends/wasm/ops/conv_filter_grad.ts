import type { TensorInfo } from "@tensorflow/tfjs";
import type { WasmBackend } from "../backend.ts";
import { sizeOf } from "../kernel.ts";
import type { ConvInfo } from "./conv.ts";

// As in kernels/filter_grad.ts.
const PIXELS = 128;
const ROWS = 64;

/** The gradient of a convolution's filter, [kh, kw, in, out]. */
export function runFilterGrad(
  backend: WasmBackend,
  info: ConvInfo,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const dw = backend.output(info.filterShape);
  const size = sizeOf(dw);
  const tasks = info.filterHeight * Math.ceil((info.filterWidth * info.inChannels) / ROWS);
  const pixels = info.batchSize * info.outHeight * info.outWidth;
  // Enough tasks for many threads; the parts are added afterwards. Depends on sizes alone, as the results do.
  const wanted = Math.ceil(32 / tasks);
  const parts = Math.max(1, Math.min(wanted, Math.ceil(pixels / PIXELS / 4), Math.floor(2 ** 22 / size)));
  const scratch = PIXELS * (4 * ROWS + 64) + 128 + 4 * PIXELS * 8 * Math.ceil(info.outChannels / 8);
  const run = (out: number) => {
    const args = [
      ...[backend.at(x), info.inHeight, info.inWidth, info.inChannels, backend.at(dy)],
      ...[info.batchSize, info.outHeight, info.outWidth, info.outChannels],
      ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
      ...[info.padInfo.top, info.padInfo.left, out, parts, ...backend.pool.scratch(scratch)],
    ];
    backend.pool.run("filterGrad", args, parts * tasks, 1);
  };
  if (parts === 1) run(backend.at(dw));
  else
    backend.withTemporary(4 * parts * size, (all) => {
      run(all);
      backend.pool.run("foldColumns", [all, parts, size, 1, backend.at(dw)], size, 4096);
    });
  return dw;
}
