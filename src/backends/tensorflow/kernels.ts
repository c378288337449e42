import type { KernelConfig, Tensor, TensorInfo } from "../../tf.ts";
import { tf } from "../../tf.ts";
import {
  BATCH_NORM_TRAINING,
  BATCH_NORM_TRAINING_GRAD,
  type BatchNormAttrs,
} from "../batch_norm_training.ts";
import { BIAS_ADD, BIAS_ADD_GRAD, LEAKY_RELU_GRAD, MEAN_SQUARED_ERROR, RELU_GRAD } from "../nn_ops.ts";
import type { TensorFlowBackend } from "./backend.ts";
import type { OpAttr } from "./binding.ts";
import { AttrType, DType } from "./c_api.ts";

/** Our kernels on the backend "tensorflow", beside tfjs-node's. */
export function registerKernels(): void {
  for (const kernel of [batchNormTraining, batchNormTrainingGrad, meanSquaredError])
    tf.registerKernel(kernel);
  for (const [kernelName, compute] of Object.entries(single)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
      compute(inputs as Inputs, (attrs ?? {}) as Attributes, backend as TensorFlowBackend);
    tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
  }
  replace("FusedConv2D", fusedConv2d);
  replace("GatherV2", () => gather);
}

function replace(kernelName: string, by: (theirs: KernelFunc) => KernelFunc): void {
  const theirs = tf.getKernel(kernelName, "tensorflow");
  tf.unregisterKernel(kernelName, "tensorflow");
  tf.registerKernel({ ...theirs, kernelFunc: by(theirs.kernelFunc) });
}

type KernelFunc = KernelConfig["kernelFunc"];

type Inputs = Record<string, TensorInfo>;
type Attributes = Record<string, number>;

const T: OpAttr = { name: "T", type: AttrType.TYPE, value: DType.FLOAT };
const NHWC: OpAttr = { name: "data_format", type: AttrType.STRING, value: "NHWC" };

const alpha = (value: number): OpAttr => ({ name: "alpha", type: AttrType.FLOAT, value });

/** Kernels that are one op of TensorFlow's. */
const single: Record<string, (inputs: Inputs, attrs: Attributes, b: TensorFlowBackend) => TensorInfo> = {
  [BIAS_ADD]: ({ x, bias }, _, b) => b.executeSingleOutput("BiasAdd", [T, NHWC], [x!, bias!]),
  [BIAS_ADD_GRAD]: ({ dy }, _, b) => b.executeSingleOutput("BiasAddGrad", [T, NHWC], [dy!]),
  [RELU_GRAD]: ({ dy, x }, _, b) => b.executeSingleOutput("ReluGrad", [T], [dy!, x!]),
  [LEAKY_RELU_GRAD]: ({ dy, x }, attrs, b) =>
    b.executeSingleOutput("LeakyReluGrad", [T, alpha(attrs.alpha!)], [dy!, x!]),
};

/** As tfjs-node's, but with the bias by BiasAdd, which TensorFlow fuses into the convolution of a compiled step. */
function fusedConv2d(theirs: KernelFunc): KernelFunc {
  return (args) => {
    const { bias, ...inputs } = args.inputs as Inputs;
    const attrs = args.attrs as unknown as { activation: string };
    const perChannel = bias?.shape.length === 1 && bias.shape[0] === inputs.filter!.shape[3]; // tfjs broadcasts any
    if (!perChannel || !["relu", "linear"].includes(attrs.activation)) return theirs(args);
    const b = args.backend as TensorFlowBackend;
    return tf.tidy(() => {
      const plain = { ...args, inputs: inputs as never, attrs: { ...args.attrs, activation: "linear" } };
      const sum = b.executeSingleOutput("BiasAdd", [T, NHWC], [theirs(plain) as TensorInfo, bias]);
      return (attrs.activation === "relu" ? b.executeSingleOutput("Relu", [T], [sum]) : sum) as Tensor;
    });
  };
}

/** As tfjs-node's, which reads the indices to check them: TensorFlow does that too, and a compiled step can't read. */
const gather: KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, indices } = inputs as Inputs;
  const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
  const types: OpAttr[] = [
    { name: "Tparams", type: AttrType.TYPE, value: (backend as TensorFlowBackend).getDTypeInteger(x!.dtype) },
    { name: "Tindices", type: AttrType.TYPE, value: DType.INT32 },
    { name: "Taxis", type: AttrType.TYPE, value: DType.INT32 },
    { name: "batch_dims", type: AttrType.INT, value: batchDims },
  ];
  const at = tf.scalar(axis, "int32");
  try {
    return (backend as TensorFlowBackend).executeSingleOutput("GatherV2", types, [x!, indices!, at]);
  } finally {
    at.dispose();
  }
};

/** In two ops, which a compiled step records; what is spared is the gradient's. */
const meanSquaredError: KernelConfig = {
  kernelName: MEAN_SQUARED_ERROR,
  backendName: "tensorflow",
  kernelFunc: ({ inputs }) => {
    const { x, y } = inputs as Record<string, Tensor>;
    return tf.tidy(() => tf.mean(tf.squaredDifference(x!, y!)));
  },
};

const attributes = (epsilon: number): OpAttr[] => [
  T,
  { name: "U", type: AttrType.TYPE, value: DType.FLOAT },
  { name: "epsilon", type: AttrType.FLOAT, value: epsilon },
  NHWC,
  { name: "is_training", type: AttrType.BOOL, value: true },
];

/** FusedBatchNormV3, with LeakyRelu: y, mean, unbiased variance and three reserved outputs for its gradient op. */
const batchNormTraining: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, scale, offset } = inputs as Inputs;
    const { epsilon, slope } = attrs as unknown as BatchNormAttrs;
    const b = backend as TensorFlowBackend;
    const none = tf.tensor1d([], "float32");
    const [normal, ...rest] = b.executeMultipleOutputs(
      "FusedBatchNormV3",
      attributes(epsilon),
      [x!, scale!, offset!, none, none],
      6,
    );
    none.dispose();
    if (slope === 1) return [normal!, ...rest] as TensorInfo[];
    const y = b.executeSingleOutput("LeakyRelu", [T, alpha(slope)], [normal!]);
    b.disposeData(normal!.dataId);
    return [y, ...rest];
  },
};

const batchNormTrainingGrad: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING_GRAD,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { dy: outer, x, y, scale, reserved0, reserved1, reserved2 } = inputs as Inputs;
    const { epsilon, slope } = attrs as unknown as BatchNormAttrs;
    const b = backend as TensorFlowBackend;
    // y is above 0 where what went into the LeakyReLU is.
    const dy = slope === 1 ? outer : b.executeSingleOutput("LeakyReluGrad", [T, alpha(slope)], [outer!, y!]);
    const all = [dy!, x!, scale!, reserved0!, reserved1!, reserved2!];
    const [dx, dScale, dOffset, ...unused] = b.executeMultipleOutputs(
      "FusedBatchNormGradV3",
      attributes(epsilon),
      all,
      5,
    );
    tf.dispose(unused);
    if (dy !== outer) b.disposeData(dy!.dataId);
    return [dx!, dScale!, dOffset!];
  },
};
