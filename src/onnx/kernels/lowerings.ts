import { elementwiseKernels } from "./elementwise.ts";
import { layerKernels } from "./layers.ts";
import type { Lowerings } from "./lowering.ts";
import { reduceKernels } from "./reduce.ts";
import { shapeKernels } from "./shape.ts";

/** tfjs's kernels that are nodes of ONNX. */
export const LOWERINGS: Lowerings = {
  ...elementwiseKernels,
  ...layerKernels,
  ...reduceKernels,
  ...shapeKernels,
};
