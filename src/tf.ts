/**
 * The one door to tfjs. `@tensorflow/tfjs` (not tfjs-core) because importing it registers the gradients.
 * Use functional ops (`tf.add(a, b)`), not chained methods.
 */
import * as tf from "@tensorflow/tfjs";

export type {
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorLike,
  Variable,
} from "@tensorflow/tfjs";
export { tf };
