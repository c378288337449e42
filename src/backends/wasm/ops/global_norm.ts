import { tf } from "../../../tf.ts";
import type { GlobalNorm } from "../../global_norm.ts";
import type { WasmBackend } from "../backend.ts";
import { sumAll } from "./reduce.ts";

/** In one reading, the tensors' sums added in float64. */
export const globalNorm: GlobalNorm = (tensors) => {
  const backend = tf.backend() as WasmBackend;
  return tf.scalar(Math.sqrt(tensors.reduce((sum, t) => sum + sumAll(backend, t, true), 0)));
};
