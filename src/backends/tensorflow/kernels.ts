import type { KernelConfig, Tensor, TensorInfo } from "@tensorflow/tfjs";
import { tf } from "../../tf.ts";
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from "../batch_norm_training.ts";
import { BIAS_ADD, BIAS_ADD_GRAD, LEAKY_RELU_GRAD, RELU_GRAD } from "../nn_ops.ts";
import type { OpAttr } from "./binding.ts";
import { AttrType, DType } from "./c_api.ts";
import type { TensorFlowBackend } from "./register.ts";

/** Our kernels on the backend "tensorflow", beside tfjs-node's. */
export function registerKernels(): void {
  for (const kernel of [batchNormTraining, batchNormTrainingGrad]) tf.registerKernel(kernel);
  for (const [kernelName, compute] of Object.entries(single)) {
    const kernelFunc: KernelConfig["kernelFunc"] = ({ inputs, attrs, backend }) =>
      compute(inputs as Inputs, (attrs ?? {}) as Attributes, backend as TensorFlowBackend);
    tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
  }
  const theirs = tf.getKernel("FusedConv2D", "tensorflow");
  tf.unregisterKernel("FusedConv2D", "tensorflow");
  tf.registerKernel({ ...theirs, kernelFunc: fusedConv2d(theirs.kernelFunc) });
}

type Inputs = Record<string, TensorInfo>;
type Attributes = Record<string, number>;

const T: OpAttr = { name: "T", type: AttrType.TYPE, value: DType.FLOAT };
const NHWC: OpAttr = { name: "data_format", type: AttrType.STRING, value: "NHWC" };

/** Kernels that are one op of TensorFlow's. */
const single: Record<string, (inputs: Inputs, attrs: Attributes, b: TensorFlowBackend) => TensorInfo> = {
  [BIAS_ADD]: ({ x, bias }, _, b) => b.executeSingleOutput("BiasAdd", [T, NHWC], [x!, bias!]),
  [BIAS_ADD_GRAD]: ({ dy }, _, b) => b.executeSingleOutput("BiasAddGrad", [T, NHWC], [dy!]),
  [RELU_GRAD]: ({ dy, x }, _, b) => b.executeSingleOutput("ReluGrad", [T], [dy!, x!]),
  [LEAKY_RELU_GRAD]: ({ dy, x }, { alpha }, b) => {
    const slope: OpAttr = { name: "alpha", type: AttrType.FLOAT, value: alpha };
    return b.executeSingleOutput("LeakyReluGrad", [T, slope], [dy!, x!]);
  },
};

/** As tfjs-node's, but with the bias by BiasAdd, which TensorFlow fuses into the convolution of a compiled step. */
function fusedConv2d(theirs: KernelConfig["kernelFunc"]): KernelConfig["kernelFunc"] {
  return (args) => {
    const { bias, ...inputs } = args.inputs as Inputs;
    const attrs = args.attrs as unknown as { activation: string };
    if (bias === undefined || !["relu", "linear"].includes(attrs.activation)) return theirs(args);
    const b = args.backend as TensorFlowBackend;
    return tf.tidy(() => {
      const plain = { ...args, inputs: inputs as never, attrs: { ...args.attrs, activation: "linear" } };
      const sum = b.executeSingleOutput("BiasAdd", [T, NHWC], [theirs(plain) as TensorInfo, bias]);
      return (attrs.activation === "relu" ? b.executeSingleOutput("Relu", [T], [sum]) : sum) as Tensor;
    });
  };
}

const attributes = (epsilon: number): OpAttr[] => [
  T,
  { name: "U", type: AttrType.TYPE, value: DType.FLOAT },
  { name: "epsilon", type: AttrType.FLOAT, value: epsilon },
  NHWC,
  { name: "is_training", type: AttrType.BOOL, value: true },
];

/** FusedBatchNormV3: y, mean, unbiased variance and three reserved outputs, which its gradient op takes. */
const batchNormTraining: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, scale, offset } = inputs as Inputs;
    const { epsilon } = attrs as unknown as { epsilon: number };
    const b = backend as TensorFlowBackend;
    const none = tf.tensor1d([], "float32");
    const outputs = b.executeMultipleOutputs(
      "FusedBatchNormV3",
      attributes(epsilon),
      [x!, scale!, offset!, none, none],
      6,
    );
    none.dispose();
    return outputs;
  },
};

const batchNormTrainingGrad: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING_GRAD,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { dy, x, scale, reserved0, reserved1, reserved2 } = inputs as Inputs;
    const { epsilon } = attrs as unknown as { epsilon: number };
    const b = backend as TensorFlowBackend;
    const all = [dy!, x!, scale!, reserved0!, reserved1!, reserved2!];
    const [dx, dScale, dOffset, ...unused] = b.executeMultipleOutputs(
      "FusedBatchNormGradV3",
      attributes(epsilon),
      all,
      5,
    );
    tf.dispose(unused);
    return [dx!, dScale!, dOffset!];
  },
};
