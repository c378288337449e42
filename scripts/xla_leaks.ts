/**
 * Trains small steps on XLA's CPU plugin and counts what is held; fails where a count grows:
 * `npx tsx scripts/xla_leaks.ts [STEPS]`
 */

import { useBackend } from "../src/backends/use_backend.ts";
import { registerXla } from "../src/backends/xla/register.ts";
import { loadConfig } from "../src/config/load.ts";
import { timedSteps } from "../src/experiment/timing/timed_steps.ts";
import { tf } from "../src/tf.ts";

const SMALL = [
  "data_params.train_batch_size=2",
  "data_params.size=32",
  "model_params.latent_dim=4",
  "model_params.hidden_dims=[4,8,8]",
];
const steps = Number(process.argv[2] ?? 2000);
const { client } = registerXla({ platform: "cpu" });
const backend = await useBackend("xla:cpu");
const { config, baseDir } = await loadConfig("configs/vanilla_vae.yaml", { set: SMALL });
const step = await timedSteps({ config, baseDir, backend });
const counts = () => ({
  tensors: tf.memory().numTensors,
  buffers: client.buffers,
  executables: client.executables,
});
const before = counts();
const megabytes = () => Math.round(process.memoryUsage().rss / 1e6);
for (let i = 0; i <= steps; i++) {
  if (i % Math.ceil(steps / 5) === 0)
    console.log(`step ${i}: ${JSON.stringify(counts())}, ${client.uploads} uploads, ${megabytes()} MB`);
  await step();
}
const grown = JSON.stringify(counts()) !== JSON.stringify(before);
console.log(grown ? "a count has grown" : "flat");
process.exit(grown ? 1 : 0); // the plugin's threads go on
