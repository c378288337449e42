import type { Kernels } from "../kernel.ts";
import { batchNormKernels } from "./batch_norm.ts";
import { binaryKernels } from "./binary.ts";
import { convKernels } from "./conv.ts";
import { layoutKernels } from "./layout.ts";
import { matMulKernels } from "./mat_mul.ts";
import { nnKernels } from "./nn.ts";
import { poolKernels } from "./pool.ts";
import { reduceKernels } from "./reduce.ts";
import { rowKernels } from "./rows.ts";
import { unaryKernels } from "./unary.ts";

/** Our own kernels; everything else is tfjs's cpu kernels over the same memory. */
export const KERNELS: Kernels = {
  ...unaryKernels,
  ...binaryKernels,
  ...reduceKernels,
  ...layoutKernels,
  ...matMulKernels,
  ...convKernels,
  ...poolKernels,
  ...batchNormKernels,
  ...nnKernels,
  ...rowKernels,
};
