/**
 * How far the backends agree, by variant, as the table of docs/xla.md: a small model of each takes training steps on each
 * backend, on the same batches from the same weights, as its backend takes steps (compiled where it compiles). Printed
 * are the largest differences from the first backend: of the gradients before the first step, as a share of the largest
 * value of any; of the total of the first step; of the totals of all steps.
 *
 *   npx tsx scripts/backends_agree.ts [--backends cpu,wasm,tensorflow,xla:cpu] [--steps 5] [--only VQVAE,IWAE]
 */
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import { createOptimizer } from "../src/experiment/training/optimizers.ts";
import { Stepper } from "../src/experiment/training/stepper.ts";
import { getModel, modelNames } from "../src/models/registry.ts";
import { Rng } from "../src/rng.ts";
import { build } from "../test/support/models.ts";
import { host } from "../test/support/steps.ts";
import { small, trained, unitWeights } from "../test/support/variants.ts";

const { values: args } = parseArgs({
  options: {
    backends: { type: "string", default: "cpu,wasm,tensorflow,xla:cpu" },
    steps: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});
const [first, ...others] = args.backends.split(",") as [string, ...string[]];
const ADAM = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;
const RATE = 1e-3;

interface Taken {
  readonly gradients: readonly number[];
  readonly totals: readonly number[];
}

async function steps(variant: string, backend: string): Promise<Taken> {
  const { compiler } = await useBackend(backend);
  const model = getModel(variant)!;
  const vae = await build(model, small(model));
  const weights = unitWeights(model, "pixel_mean");
  const optimizers = new Map(
    vae.phases.map((phase) => [phase.name, createOptimizer(ADAM, trained(vae, phase), phase.name)]),
  );
  const stepper = new Stepper(
    { vae, weights: () => weights, optimizers, rng: Rng.fromSeed(3).fold("step"), gradientClip: undefined },
    { compiler, precision: "float32", say: console.error },
  );
  const gradients = [...stepper.gradients(host(0), 0, RATE).values()].flatMap((g) => [...g]);
  const totals: number[] = [];
  for (let step = 0; step < Number(args.steps); step++)
    totals.push((await stepper.run(host(step), step, RATE)).total);
  return { gradients, totals };
}

/** The largest difference, as a share of the expected values' largest. */
function difference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(got[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst === 0 ? 0 : worst / largest;
}

const row = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);
const share = (x: number) => (x === 0 ? "0" : x.toExponential(0));

row(["variant", ...others.map((backend) => `${backend}: gradients, first total, all totals`)]);
row(["---", ...others.map(() => "---")]);
for (const variant of modelNames().filter(
  (name) => args.only === "" || args.only.split(",").includes(name),
)) {
  const reference = await steps(variant, first);
  const cells: string[] = [];
  for (const backend of others) {
    const { gradients, totals } = await steps(variant, backend);
    const relative = totals.map((t, i) => Math.abs(t / reference.totals[i]! - 1));
    const differences = [difference(gradients, reference.gradients), relative[0]!, Math.max(...relative)];
    cells.push(differences.map(share).join(", "));
  }
  row([variant, ...cells]);
}
process.exit(0); // threads of the libraries go on
