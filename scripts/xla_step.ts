/**
 * Writes the program of a config's training step, to be compiled elsewhere (scripts/xla_compile.ts); needs a plugin for
 * CPUs: `npx tsx scripts/xla_step.ts CONFIG.yaml PROGRAM.mlir [KEY=VALUE…]`
 */
import { writeFileSync } from "node:fs";
import { loadConfig } from "../src/config/load.ts";
import { stepProgram } from "./xla/step_program.ts";

const [file, out, ...set] = process.argv.slice(2);
if (file === undefined || out === undefined) {
  console.error("usage: xla_step.ts CONFIG.yaml PROGRAM.mlir [KEY=VALUE…]");
  process.exit(2);
}
const { config, baseDir } = await loadConfig(file, { set });
writeFileSync(out, await stepProgram(config, baseDir));
process.exit(0); // the plugin's threads go on
