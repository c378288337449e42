/**
 * Measures the wasm backend's kernels, by default at the sizes that DFCVAE with VGG19 has at a batch of 16:
 *
 *   npx tsx bench/wasm_kernels.ts [--batch 16] [--rounds 7] [--threads N]
 *
 * Prints a Markdown table: the fastest round's GFLOPS (of the direct convolution, so that Winograd's may lie above
 * the processor's) or GB/s, by wall clock and by the process's processor time, which on one thread says what an idle
 * machine would do.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import { type Tensor, tf } from "../src/tf.ts";
import { CASES, type Case } from "./wasm_kernels/cases.ts";

const { values } = parseArgs({
  options: {
    batch: { type: "string", default: "16" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "" },
  },
});
if (values.threads !== "") process.env.TFJS_VAE_THREADS = values.threads;
const { device } = await useBackend("wasm");
console.log(`${cpus()[0]?.model.trim()}, Node ${process.version}, ${device}, batch ${values.batch}\n`);
console.log("| kernel | ms | rate | rate by processor time |\n| --- | --- | --- | --- |");
for (const c of CASES(Number(values.batch))) console.log(row(c));

function row({ name, inputs, run, flops, bytes }: Case): string {
  const tensors = inputs.map((shape) => tf.randomUniform(shape, -1, 1, "float32", 1));
  const { wall, processor } = fastest(() => tf.tidy(() => run(...tensors)), Number(values.rounds));
  tf.dispose(tensors);
  const rate = (ms: number) =>
    flops === undefined
      ? `${(bytes! / ms / 1e6).toFixed(1)} GB/s`
      : `${(flops / ms / 1e6).toFixed(1)} GFLOPS`;
  return `| ${name} | ${wall.toFixed(2)} | ${rate(wall)} | ${rate(processor)} |`;
}

/** Milliseconds of the fastest round, after one that packs filters. */
function fastest(f: () => Tensor | Tensor[], rounds: number): { wall: number; processor: number } {
  tf.dispose(f());
  let [wall, processor] = [Infinity, Infinity];
  for (let i = 0; i < rounds; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    const result = f();
    const { user, system } = process.cpuUsage(used);
    wall = Math.min(wall, performance.now() - start);
    processor = Math.min(processor, (user + system) / 1000);
    tf.dispose(result);
  }
  return { wall, processor };
}
