import type { KernelBackend, Tensor } from "../../tf.ts";
import type { Binding } from "./binding.ts";

/** The backend as tfjs-node has it, with the binding that our own kernels call. */
export type TensorFlowBackend = KernelBackend & {
  readonly binding: Binding;
  /** By data id: the id of a tensor in the binding. */
  readonly tensorMap: { get(dataId: object): { id: number } };
  getInputTensorIds(tensors: readonly object[]): number[];
  /** TensorFlow's number of a type of tfjs's. */
  getDTypeInteger(dtype: string): number;
  executeSingleOutput(name: string, attrs: object[], inputs: object[]): Tensor;
  executeMultipleOutputs(name: string, attrs: object[], inputs: object[], outputs: number): Tensor[];
};
