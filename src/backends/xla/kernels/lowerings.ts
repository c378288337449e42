import { batchNormKernels } from "./batch_norm.ts";
import { binaryKernels } from "./binary.ts";
import { convolutionKernels } from "./convolution.ts";
import type { Lowerings } from "./lowering.ts";
import { matMulKernels } from "./mat_mul.ts";
import { nnKernels } from "./nn.ts";
import { poolingKernels } from "./pooling.ts";
import { reduceKernels } from "./reduce.ts";
import { rowKernels } from "./rows.ts";
import { shapeKernels } from "./shape.ts";
import { unaryKernels } from "./unary.ts";

/** Kernels that become operations of an executable; the rest are tfjs's cpu kernels. */
export const LOWERINGS: Lowerings = {
  ...unaryKernels,
  ...binaryKernels,
  ...reduceKernels,
  ...shapeKernels,
  ...rowKernels,
  ...matMulKernels,
  ...convolutionKernels,
  ...poolingKernels,
  ...batchNormKernels,
  ...nnKernels,
};
