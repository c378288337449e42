/**
 * Writes the program of a config's training step, to be compiled elsewhere (scripts/xla_compile.ts); needs a plugin for
 * CPUs: `npx tsx scripts/xla_step.ts cuda|rocm|tpu|cpu CONFIG.yaml PROGRAM.mlir [KEY=VALUE…]`
 */
import { writeFileSync } from "node:fs";
import { xlaPlatforms } from "../src/backends/xla/plugins/index.ts";
import { loadConfig } from "../src/config/load.ts";
import { stepProgram } from "./xla/step_program.ts";

const [name, file, out, ...set] = process.argv.slice(2);
const platform = xlaPlatforms.find((known) => known === name);
if (platform === undefined || file === undefined || out === undefined) {
  console.error("usage: xla_step.ts cuda|rocm|tpu|cpu CONFIG.yaml PROGRAM.mlir [KEY=VALUE…]");
  process.exit(2);
}
const { config, baseDir } = await loadConfig(file, { set });
writeFileSync(out, await stepProgram(config, baseDir, platform));
process.exit(0); // the plugin's threads go on
