import { batchNormTraining } from "../../src/backends/batch_norm_training.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../../src/tf.ts";

export interface Case {
  readonly name: string;
  readonly inputs: readonly number[][];
  // biome-ignore lint/suspicious/noExplicitAny: each case knows the ranks of its own inputs
  readonly run: (...inputs: any[]) => Tensor | Tensor[];
  /** Operations, a multiplication and an addition being two; or the bytes that have to be read and written. */
  readonly flops?: number;
  readonly bytes?: number;
}

/** The kernels of a training step at `batch` images. */
export function CASES(batch: number): Case[] {
  return [
    ...convolution(batch, 64, 3, 64, 1),
    ...convolution(batch, 64, 64, 64, 1),
    ...convolution(batch, 32, 128, 128, 1),
    ...convolution(batch, 16, 256, 256, 1),
    ...convolution(batch, 8, 512, 512, 1),
    ...convolution(batch, 64, 32, 3, 1),
    ...convolution(batch, 64, 3, 32, 2),
    ...convolution(batch, 32, 64, 128, 2),
    matMul(1024, 1024, 1024),
    matMul(batch, 2048, 128),
    ...elementwise([batch, 64, 64, 64]),
  ];
}

function convolution(batch: number, side: number, c: number, n: number, stride: number): Case[] {
  const out = Math.ceil(side / stride);
  const [x, filter, y] = [
    [batch, side, side, c],
    [3, 3, c, n],
    [batch, out, out, n],
  ];
  const flops = 2 * 9 * batch * out * out * c * n;
  const name = `${side}x${side}, ${c} to ${n}${stride > 1 ? `, stride ${stride}` : ""}`;
  const one = [1, 1] as [number, number];
  const pad =
    stride === 1 ? "same" : ([[0, 0], one, one, [0, 0]] as [[0, 0], typeof one, typeof one, [0, 0]]);
  const attrs = { strides: [stride, stride], pad, dataFormat: "NHWC" };
  const kernel = (kernelName: string, inputs: object, more: object) =>
    tf.engine().runKernel(kernelName, inputs as never, { ...attrs, ...more } as never) as Tensor;
  return [
    {
      name: `convolution ${name}`,
      inputs: [x!, filter!],
      flops,
      run: (a: Tensor4D, w: Tensor4D) => tf.conv2d(a, w, stride, pad),
    },
    {
      name: `its input's gradient`,
      inputs: [y!, filter!],
      flops,
      run: (dy, w) => kernel("Conv2DBackpropInput", { dy, filter: w }, { inputShape: x }),
    },
    {
      name: `its filter's gradient`,
      inputs: [x!, y!],
      flops,
      run: (a, dy) => kernel("Conv2DBackpropFilter", { x: a, dy }, { filterShape: filter }),
    },
  ];
}

function matMul(m: number, k: number, n: number): Case {
  const inputs = [
    [m, k],
    [k, n],
  ];
  return { name: `matMul ${m}x${k} ${k}x${n}`, inputs, flops: 2 * m * k * n, run: (a, b) => tf.matMul(a, b) };
}

function elementwise(shape: number[]): Case[] {
  const [batch, h, w, c] = shape as [number, number, number, number];
  const unit = 4 * batch * h * w * c;
  const pooled = [batch, h / 2, w / 2, c];
  const name = `[${shape.join(", ")}]`;
  const pool = { filterSize: [2, 2], strides: [2, 2], pad: "valid" };
  return [
    { name: `relu ${name}`, inputs: [shape], bytes: 2 * unit, run: (x) => tf.relu(x) },
    { name: `add ${name}`, inputs: [shape, shape], bytes: 3 * unit, run: (a, b) => tf.add(a, b) },
    { name: `add [${c}]`, inputs: [shape, [c]], bytes: 2 * unit, run: (a, b) => tf.add(a, b) },
    { name: "exp", inputs: [shape], bytes: 2 * unit, run: (x) => tf.exp(x) },
    { name: "sum to [C]", inputs: [shape], bytes: unit, run: (x) => tf.sum(x, [0, 1, 2]) },
    { name: "mean of all", inputs: [shape], bytes: unit, run: (x) => tf.mean(x) },
    {
      name: "batch norm in training",
      inputs: [shape, [c], [c]],
      bytes: 4 * unit, // two passes for the statistics, one that reads and writes
      run: (x: Tensor4D, s: Tensor1D, o: Tensor1D) => batchNormTraining(x, s, o, 1e-5).y,
    },
    { name: "max pool 2x2", inputs: [shape], bytes: 1.25 * unit, run: (x) => tf.maxPool(x, 2, 2, "valid") },
    {
      name: "its gradient",
      inputs: [shape, pooled, pooled],
      bytes: 2.5 * unit,
      run: (input, output, dy) =>
        tf.engine().runKernel("MaxPoolGrad", { input, output, dy } as never, pool as never) as Tensor,
    },
  ];
}
