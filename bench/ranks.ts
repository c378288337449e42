/**
 * Images/s of training in one and in several processes on this machine, each with a processor core of its own, and what the
 * reductions of a step take alone. VanillaVAE at its default widths, 64x64 pixels, the same batch of the whole step.
 *
 *   npx tsx bench/ranks.ts [--ranks 1,2] [--steps 20] [--batch 64] [--local-batchnorm]
 *
 * Each number is the median of the steps of rank 0 after the first three. More ranks than cores share them, which shows that
 * it works and not how fast. Linux, for taskset.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { meanOverRanks, sumOverRanks, together } from "../src/backends/ranks.ts";
import { useBackend } from "../src/backends/use_backend.ts";
import { meanGradients } from "../src/experiment/training/over_ranks.ts";
import { Stepper } from "../src/experiment/training/stepper.ts";
import { getModel } from "../src/models/registry.ts";
import type { VAE } from "../src/models/vae.ts";
import { Rng } from "../src/rng.ts";
import { type Tensor, tf } from "../src/tf.ts";
import { build } from "../test/support/models.ts";
import { freeNodes } from "../test/support/ranks.ts";
import { trainer } from "../test/support/variants.ts";

const { values: args } = parseArgs({
  options: {
    ranks: { type: "string", default: "1,2" },
    steps: { type: "string", default: "20" },
    batch: { type: "string", default: "64" },
    "local-batchnorm": { type: "boolean", default: false },
    nodes: { type: "string" },
    rank: { type: "string" },
  },
});
const [steps, batch] = [Number(args.steps), Number(args.batch)];
const WARM = 3;

interface Measured {
  readonly step: number;
  readonly reductions: number;
}

if (args.nodes === undefined) await compare(args.ranks.split(",").map(Number));
else {
  console.log(JSON.stringify(await member(args.nodes.split(","), Number(args.rank))));
  process.exit(0);
}

async function compare(counts: readonly number[]): Promise<void> {
  const cores = availableParallelism();
  console.log(
    `${cores} cores, load ${loadavg()[0]!.toFixed(1)} before the start: a load of 0.5 or more spoils the numbers\n`,
  );
  console.log(
    "| ranks | images/s | of as many times one | ms a step | ms of its reductions alone |\n|---|---|---|---|---|",
  );
  let one: number | undefined;
  for (const count of counts) {
    const nodes = await freeNodes(count);
    const children = nodes.map((_, rank) => start(nodes, rank, rank % cores));
    const { step, reductions } = JSON.parse(await lineOf(children[0]!)) as Measured;
    await Promise.all(children.map((child) => new Promise((resolve) => child.once("exit", resolve))));
    const rate = batch / step;
    one ??= rate / count;
    const share = `${((100 * rate) / (count * one)).toFixed(0)} %`;
    console.log(
      `| ${count} | ${rate.toFixed(1)} | ${share} | ${(1000 * step).toFixed(0)} | ${(1000 * reductions).toFixed(0)} |`,
    );
  }
}

function start(nodes: readonly string[], rank: number, core: number): ChildProcess {
  const own = [
    "--import",
    import.meta.resolve("tsx"),
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ];
  const place = ["--nodes", nodes.join(","), "--rank", String(rank)];
  return spawn("taskset", ["-c", String(core), process.execPath, ...own, ...place], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TF_NUM_INTRAOP_THREADS: "1", TF_NUM_INTEROP_THREADS: "1" },
  });
}

async function lineOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface(child.stdout!)) return line;
  throw new Error("a rank ended without a measurement");
}

async function member(nodes: readonly string[], rank: number): Promise<Measured> {
  const { compiler, ranks } = await useBackend(
    "tensorflow",
    nodes.length > 1 ? { place: { rank, nodes } } : {},
  );
  if (ranks !== undefined) ranks.syncBatchNorm = !args["local-batchnorm"];
  const model = getModel("VanillaVAE")!;
  const vae = await build(model, { latent_dim: 128 }, { imageShape: [64, 64, 3] });
  const stepper = new Stepper(
    { ...trainer(vae, { reconstruction: 1, kl: 1 }), ranks },
    { compiler, precision: "float32", say: console.error },
  );
  const rows = batch / nodes.length;
  const images = Rng.fromSeed(5)
    .fold(rank)
    .uniformArray(rows * 64 * 64 * 3);
  const indices = new Int32Array(rows);
  const step = await medianOf((i) => stepper.run({ images, shape: [rows, 64, 64, 3], indices }, i, 1e-3));
  const reductions = ranks === undefined ? 0 : await medianOf(await reductionsOf(vae));
  await ranks?.close();
  return { step, reductions };

  /** The step's reductions on values that are there: its gradients', batch norms' and metrics'. */
  async function reductionsOf(vae: VAE): Promise<() => Promise<unknown>> {
    stepper.syncVariables();
    const variables = [...vae.params.values()].map((p) => p.value);
    const trained = [...vae.params]
      .filter(([, p]) => p.trainable)
      .map(([name, p]) => [name, p.value] as const);
    const widths = [...vae.params].flatMap(([name, p]) =>
      name.endsWith("running_mean") ? [p.value.size] : [],
    );
    const body = () =>
      together(ranks, () =>
        tf.tidy(() => {
          const made: Tensor[] = [...meanGradients(new Map(trained)).values()];
          for (const width of args["local-batchnorm"] ? [] : widths) {
            made.push(
              sumOverRanks(tf.fill([nodes.length, 2 * width], 1)),
              meanOverRanks(tf.fill([2 * width], 1)),
            );
          }
          made.push(meanOverRanks(tf.fill([6], 1)));
          return [tf.addN(made.map((t) => tf.sum(tf.slice(tf.reshape(t, [t.size]), [0], [1]))))];
        }),
      );
    const [first, second] = [compiler!.record(variables, body), compiler!.record(variables, body)];
    const compiled = await compiler!.compile(variables, first, second, "float32");
    return () => compiled.run([]);
  }
}

async function medianOf(run: (i: number) => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < steps + WARM; i++) {
    const before = performance.now();
    await run(i);
    if (i >= WARM) seconds.push((performance.now() - before) / 1000);
  }
  return seconds.sort((a, b) => a - b)[Math.floor(steps / 2)]!;
}
