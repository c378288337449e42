import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import { tf } from "../../tf.ts";
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from "../batch_norm_training.ts";
import type { OpAttr } from "./binding.ts";
import { AttrType, DType } from "./c_api.ts";
import type { TensorFlowBackend } from "./register.ts";

/** Our kernels on the backend "tensorflow", beside tfjs-node's. */
export function registerKernels(): void {
  for (const kernel of [batchNormTraining, batchNormTrainingGrad]) tf.registerKernel(kernel);
}

const attributes = (epsilon: number): OpAttr[] => [
  { name: "T", type: AttrType.TYPE, value: DType.FLOAT },
  { name: "U", type: AttrType.TYPE, value: DType.FLOAT },
  { name: "epsilon", type: AttrType.FLOAT, value: epsilon },
  { name: "data_format", type: AttrType.STRING, value: "NHWC" },
  { name: "is_training", type: AttrType.BOOL, value: true },
];

/** FusedBatchNormV3: y, mean, unbiased variance and three reserved outputs, which its gradient op takes. */
const batchNormTraining: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, scale, offset } = inputs as Record<string, TensorInfo>;
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
    const { dy, x, scale, reserved0, reserved1, reserved2 } = inputs as Record<string, TensorInfo>;
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
