import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newestRun } from "../src/experiment/runs/find_runs.ts";
import { loadSeries } from "../src/experiment/series/load.ts";
import { duration } from "../src/text/numbers.ts";

// Whether a sweep that is stopped again and again ends as one that never was: npx tsx scripts/sweep_resumes.ts [FILE]
// trains it once unbroken and once with a signal after so many seconds, over and over, one run at a time, and compares the
// tables and the last checkpoints of all members, byte by byte. STOP_AFTER: these seconds, 45 where it is not set.
const file = process.argv[2] ?? "configs/sweeps/lr_latent_dim.yaml";
const after = Number(process.env.STOP_AFTER ?? 45) * 1000;
const bin = fileURLToPath(new URL("../bin/vae.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-sweep-"));
const under = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of under) child.kill("SIGKILL");
});

/** Trains into `out`; ended by a signal after `limit` milliseconds. */
function train(out: string, limit?: number): Promise<number> {
  const args = [bin, "experiment", file, "--out", out, "--backend", "wasm"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  under.add(child);
  const timer = limit === undefined ? undefined : setTimeout(() => child.kill("SIGINT"), limit);
  return new Promise((resolve) =>
    child.on("exit", (code) => {
      clearTimeout(timer);
      under.delete(child);
      resolve(code ?? 1);
    }),
  );
}

const fail = (why: string): never => {
  console.error(`not as it should be: ${why}; see ${root}`);
  process.exit(1);
};

const began = Date.now();
const [whole, broken] = [join(root, "whole"), join(root, "broken")];
if ((await train(whole)) !== 0) fail("the unbroken sweep failed");
const unbroken = Date.now() - began;
let stops = 0;
for (let limit = after; ; limit += after / 10) {
  const code = await train(broken, limit);
  if (code === 0) break;
  if (code !== 130) fail(`a stopped sweep ended with ${code} and not 130`);
  stops++;
}
if (stops < 2) fail(`it was stopped ${stops} times; set STOP_AFTER lower`);
if (readFileSync(join(whole, "table.csv"), "utf8") !== readFileSync(join(broken, "table.csv"), "utf8"))
  fail("the tables differ");
const { members } = await loadSeries(file, { out: whole });
const compared = members.filter(({ config }) => {
  const { save_dir, name } = config.logging_params;
  const run = newestRun(save_dir, name!);
  if (run === undefined) return false;
  const last = (folder: string) => join(folder, "checkpoints/last.safetensors");
  const other = last(run.replace(whole, broken));
  if (!existsSync(other)) fail(`${other} is missing`);
  if (!readFileSync(last(run)).equals(readFileSync(other))) fail(`${other} differs`);
  return true;
});
console.log(
  `${file}: ${compared.length} members, stopped ${stops} times: the same table and checkpoints as unbroken, ` +
    `which took ${duration(unbroken / 1000)}`,
);
rmSync(root, { recursive: true, force: true });
