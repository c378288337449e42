import { BIAS_ADD, BIAS_ADD_GRAD, LEAKY_RELU_GRAD, MEAN_SQUARED_ERROR } from "../../nn_ops.ts";
import { type Kernels, type Run, sizeOf } from "../kernel.ts";
import { runBinary, SQUARED_DIFFERENCE } from "./binary.ts";
import { sumAll, sumColumns } from "./reduce.ts";
import { GRAIN } from "./unary.ts";

const biasAdd: Run = (backend, { x, bias }) => runBinary(backend, 0, x!, bias!);

const biasAddGrad: Run = (backend, { dy }) => {
  const c = dy!.shape.at(-1)!;
  const y = backend.output([c]);
  sumColumns(backend, [backend.at(dy!), sizeOf(dy!) / c, c], backend.at(y), 1);
  return y;
};

const leakyReluGrad: Run = (backend, { dy, x }, { alpha }) => {
  const dx = backend.output(dy!.shape);
  const args = [backend.at(dy!), backend.at(x!), alpha as number, backend.at(dx)];
  backend.pool.run("leakyReluGrad", args, sizeOf(dx), GRAIN);
  return dx;
};

const meanSquaredError: Run = (backend, { x, y }) => {
  const squares = runBinary(backend, SQUARED_DIFFERENCE, x!, y!)!;
  const mean = backend.output([]);
  backend.data.get(mean.dataId).values[0] = sumAll(backend, squares) / sizeOf(x!);
  backend.disposeData(squares.dataId);
  return mean;
};

/** The kernels of nn_ops.ts; ReluGrad is a binary operation. */
export const nnKernels: Kernels = {
  [BIAS_ADD]: biasAdd,
  [BIAS_ADD_GRAD]: biasAddGrad,
  [LEAKY_RELU_GRAD]: leakyReluGrad,
  [MEAN_SQUARED_ERROR]: meanSquaredError,
};
