import { useBackend } from "../../backends/use_backend.ts";
import { hasWideVectors, joinsVectors } from "../../backends/wasm/binary.ts";
import { tf } from "../../tf.ts";
import { type Check, computes, missing, note } from "./check.ts";

/** Whether the backend that needs nothing computes, and whether another Node would make it faster. */
export async function wasmChecks(): Promise<Check[]> {
  const check = await wasmCheck();
  if (check.state !== "ok" || joinsVectors() || !hasWideVectors()) return [check];
  const text = `${process.version} computes with half of this processor's vectors`;
  return [check, note("wasm's speed", text, "Node 24 trains 1.4 times as fast on it")];
}

async function wasmCheck(): Promise<Check> {
  try {
    const { device } = await useBackend("wasm");
    const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([8, 8]), tf.ones([8, 8]))).dataSync()[0]);
    if (sum === 512) return computes("wasm", `computes (${device})`, "wasm");
    return missing("wasm", `computes wrongly: expected 512, got ${sum}`, "npm ci");
  } catch (error) {
    return missing("wasm", `does not compute: ${(error as Error).message.split("\n")[0]}`, "npm ci");
  }
}
