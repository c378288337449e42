/**
 * Kills one of several processes that train together at a random moment, again and again, and checks each time that the others
 * end in time with a code that a queue can act on, and that the same command typed again with --resume auto ends with the bytes
 * of a run that nothing broke.
 *
 *   npx tsx scripts/rank_faults.ts [--ranks 2] [--times 20] [--seed 1]
 *
 * The ranks are killed in turn. Ends with code 1 where something is otherwise than it should be.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { TRY_AGAIN } from "../src/errors.ts";
import { ownCommand } from "../src/process/own_command.ts";
import { Rng } from "../src/rng.ts";
import { freeNodes } from "../test/support/ranks.ts";

const { values: args } = parseArgs({
  options: {
    ranks: { type: "string", default: "2" },
    times: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const [ranks, times] = [Number(args.ranks), Number(args.times)];
/** Ten epochs of four steps, with a validation and a checkpoint after each. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
trainer_params: {max_epochs: 10, log_every_n_steps: 1, ema: 0.9, checkpoint: {every_n_steps: 3}}
logging_params: {image_count: 4, latent_count: 0, name: faults, histogram_every_n_steps: 0}
`;
/** Seconds after which the others have to be gone: a killed process's connections break at once. */
const MOST = 30;
/** Of a whole run, less the last epoch's. */
const STEPS = 36;

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-faults-"));
const config = join(root, "faults.yaml");
writeFileSync(config, CONFIG);

interface Ended {
  /** Of each rank; undefined: killed. */
  readonly codes: readonly (number | undefined)[];
  readonly seconds: number;
  readonly errors: string;
}

/** A run in the folder `name`, of which a process is killed, if any, so many milliseconds after a step. */
async function run(
  name: string,
  kill?: { readonly rank: number; readonly step: number; readonly later: number },
): Promise<Ended> {
  const nodes = await freeNodes(ranks);
  const start = performance.now();
  let errors = "";
  const children = nodes.map((_, rank): ChildProcess => {
    const words = ["run", "--config", config, "--quiet", "--resume", "auto"];
    const place = ["--nodes", nodes.join(","), "--rank", String(rank)];
    const set = ["--set", `logging_params.save_dir=${join(root, name)}`];
    const child = spawn(process.execPath, [ownCommand, ...words, ...place, ...set], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TF_NUM_INTRAOP_THREADS: "1" },
    });
    child.stderr!.on("data", (text) => {
      errors += text;
    });
    return child;
  });
  const ends = children.map(
    (child) =>
      new Promise<number | undefined>((resolve) => child.on("exit", (code) => resolve(code ?? undefined))),
  );
  let killed = start;
  if (kill !== undefined) {
    const over = Promise.all(ends).then(() => true);
    while (stepsOf(name) < kill.step && !(await Promise.race([over, sleep(20)])));
    await sleep(kill.later);
    children[kill.rank]!.kill("SIGKILL");
    killed = performance.now();
  }
  const codes = await Promise.all(ends);
  return { codes, seconds: (performance.now() - killed) / 1000, errors };
}

/** Files of this name in the newest version of a run. */
function newest(name: string, file: string): Buffer | undefined {
  for (let version = 9; version >= 0; version--) {
    const path = join(root, name, `faults/version_${version}`, file);
    if (existsSync(path)) return readFileSync(path);
  }
  return undefined;
}

/** Optimizer steps that are logged; -1 before the run has a folder. */
function stepsOf(name: string): number {
  const rows = newest(name, "metrics.csv")?.toString().trim().split("\n");
  return rows === undefined ? -1 : Number(rows.at(-1)!.split(",")[0]) || 0;
}

const last = (name: string) => newest(name, "checkpoints/last.safetensors");

let failures = 0;
const fail = (text: string) => {
  failures++;
  console.error(`FAIL  ${text}`);
};
try {
  const unbroken = await run("unbroken");
  if (unbroken.codes.some((code) => code !== 0))
    throw new Error(`the unbroken run: ${unbroken.codes} ${unbroken.errors}`);
  const expected = last("unbroken")!;
  const rng = Rng.fromSeed(Number(args.seed));
  let finished = 0;
  for (let time = 0; time < times; time++) {
    const rank = time % ranks;
    const [atStep, after] = rng.fold(time).uniformArray(2) as unknown as [number, number];
    const kill = { rank, step: Math.floor(STEPS * atStep), later: 500 * after };
    const broken = await run(`broken_${time}`, kill);
    const moment = `rank ${rank} killed ${kill.later.toFixed(0)} ms after step ${kill.step}`;
    const others = broken.codes.filter((_, i) => i !== rank);
    const ended = broken.codes.every((code) => code === 0);
    if (ended) finished++;
    const told = others.every((code) => code === TRY_AGAIN || code === 0);
    if (!ended && !told) fail(`${time}: ${moment}, codes ${broken.codes}: ${broken.errors}`);
    if (broken.seconds > MOST) fail(`${time}: the others took ${broken.seconds.toFixed(1)} s to end`);
    const again = await run(`broken_${time}`);
    if (again.codes.some((code) => code !== 0))
      fail(`${time}: started again, codes ${again.codes}: ${again.errors}`);
    else if (!last(`broken_${time}`)?.equals(expected)) fail(`${time}: other bytes than the unbroken run's`);
    console.log(
      `${time + 1}/${times}  ${moment}: others ended ${broken.seconds.toFixed(1)} s later with ${others}${ended ? " (it had finished)" : ""}`,
    );
    rmSync(join(root, `broken_${time}`), { recursive: true, force: true });
  }
  console.log(`${times - failures} of ${times} as they should be; ${finished} had finished before`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;
