import { useBackend } from "../../backends/index.ts";
import { tf } from "../../tf.ts";
import { type Check, missing, ok } from "./check.ts";

/** Whether the backend that needs nothing computes. */
export async function wasmCheck(): Promise<Check> {
  try {
    const { device } = await useBackend("wasm");
    const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([8, 8]), tf.ones([8, 8]))).dataSync()[0]);
    if (sum === 512) return ok("wasm", `computes (${device})`);
    return missing("wasm", `computes wrongly: expected 512, got ${sum}`, "npm ci");
  } catch (error) {
    return missing("wasm", `does not compute: ${(error as Error).message.split("\n")[0]}`, "npm ci");
  }
}
