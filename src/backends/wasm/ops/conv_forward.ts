import type { TensorInfo } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import type { ConvInfo, Convolution } from "./conv_info.ts";
import { withBias } from "./fused.ts";
import { NARROW, runNarrow, suitsNarrow } from "./narrow_conv.ts";
import { runStrided, suitsStrided } from "./strided.ts";
import { ROWS, runWinograd, suitsWinograd } from "./winograd.ts";

/** Bytes of windows and results that a block of pixels takes: within the second cache. */
const BLOCK_BYTES = 192 * 1024;

/** max(conv(x, filter) + bias, floor), [B, H', W', out]. */
export function runConv(
  backend: WasmBackend,
  info: ConvInfo,
  x: TensorInfo,
  filter: TensorInfo,
  bias: TensorInfo | undefined,
  floor: number,
): TensorInfo {
  const y = backend.output(info.outShape);
  withBias(backend, bias, info.outChannels, (biasAt) => {
    const { padInfo, inChannels: c, outChannels: n } = info;
    const common = {
      x: backend.at(x),
      mask: 0,
      y: backend.at(y),
      bias: biasAt,
      floor,
      images: info.batchSize,
    };
    const shapes = {
      from: [info.inHeight, info.inWidth, c],
      window: [info.filterHeight, info.filterWidth],
      to: [info.outHeight, info.outWidth, n],
      pad: [padInfo.top, padInfo.left],
    } as const;
    if (suitsWinograd(info)) return runWinograd(backend, filter, false, { ...common, ...shapes });
    if (suitsStrided(info)) return runStrided(backend, filter, { ...common, ...shapes });
    if (suitsNarrow(info, n)) return runNarrow(backend, filter, false, { ...common, ...shapes });
    const k = info.filterHeight * info.filterWidth * c;
    const panels = packFilter(backend, filter, k, n);
    runWindows(backend, {
      ...common,
      ...shapes,
      panels,
      stride: [info.strideHeight, info.strideWidth],
      offset: [-padInfo.top, -padInfo.left],
      dilation: [info.dilationHeight, info.dilationWidth],
      target: { size: [info.outHeight, info.outWidth], step: [1, 1], first: [0, 0] },
    });
  });
  return y;
}

/** The filter [k, n] as panels of 16 columns, or turned to [n, k] where it is narrow; made once. */
function packFilter(backend: WasmBackend, filter: TensorInfo, k: number, n: number): number {
  const data = backend.data.get(filter.dataId);
  if (n <= NARROW) {
    return data.packedAs("turned", 4 * k * n, (at) => {
      backend.pool.run("copyRows", [data.at, at, k, n, 1, n, 0, 0, 1, 0, 0, k], n, n);
    });
  }
  const count = Math.ceil(n / 16);
  return data.packedAs("panels", 64 * count * k, (at) => {
    backend.pool.run("packPanels", [data.at, n, 1, k, n, at], count, Math.max(1, Math.ceil(4096 / k)));
  });
}

type Pair = readonly [number, number];

/** A convolution by windows; see `conv` in kernels/conv.ts. Pairs by height and width. */
interface Windows extends Convolution {
  readonly panels: number;
  readonly window: Pair;
  readonly stride: Pair;
  readonly offset: Pair;
  readonly dilation: Pair;
  readonly target: { readonly size: Pair; readonly step: Pair; readonly first: Pair };
}

export function runWindows(backend: WasmBackend, w: Windows): void {
  const [oh, ow, n] = w.to;
  const k = w.window[0] * w.window[1] * w.from[2];
  const pixel = 4 * (k + n);
  const block = Math.max(ROWS, Math.min(126, ROWS * Math.floor(BLOCK_BYTES / pixel / ROWS)));
  const scratch = backend.pool.scratch(128 + block * pixel);
  const args = [
    ...[w.x, w.mask, ...w.from, w.panels, ...w.window, w.bias, w.floor, oh, ow],
    ...[...w.stride, ...w.offset, ...w.dilation],
    ...[w.y, ...w.target.size, n, ...w.target.step, ...w.target.first, block, ...scratch],
  ];
  backend.pool.run("conv", args, w.images * oh * ow, block);
}
