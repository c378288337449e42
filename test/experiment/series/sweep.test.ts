import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { sweepOfCommand } from "../../../src/cli/sweep_command.ts";
import { threadsOf } from "../../../src/experiment/launch/threads.ts";
import { isSweep, loadSeries } from "../../../src/experiment/series/load.ts";
import type { Member } from "../../../src/experiment/series/members.ts";
import { nextByHalving, nextInOrder, type State } from "../../../src/experiment/series/next_task.ts";
import { said } from "../../../src/experiment/series/output.ts";
import { ranked } from "../../../src/experiment/series/ranking.ts";
import type { Result } from "../../../src/experiment/series/results.ts";
import type { Sweep } from "../../../src/experiment/series/sweep.ts";
import { shortfall } from "../../../src/experiment/series/train_all.ts";
import { folder } from "../../support/configs.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const GOOD = `
name: small
seeds: [1, 2]
steps: 90
shared: {extends: base.yaml}
sweep:
  ranges:
    exp_params.LR: 1e-4, 3e-4, 1e-3
    model_params.hidden_dims: [[8], [8, 16], [16], [16, 32]]
  halving: {first: 10, eta: 3}
`;
const BASE = `model_params: {name: VanillaVAE, latent_dim: 8}
data_params: {name: shapes3d}
exp_params: {lr_warmup_steps: "\${model_params.latent_dim}"}
trainer_params: {max_epochs: 5, early_stopping: {patience: 2}}
`;
const dir = folder({ "x.yaml": GOOD, "base.yaml": BASE });

async function sweep(text = GOOD, set: string[] = []): Promise<Sweep> {
  const own = text === GOOD ? dir : folder({ "x.yaml": text, "base.yaml": BASE });
  const series = await loadSeries(join(own, "x.yaml"), { set });
  if (!isSweep(series)) throw new Error("expected a sweep");
  return series;
}

async function errorOf(text: string): Promise<string> {
  const error = await sweep(text).then(
    () => undefined,
    (e: Error) => e,
  );
  expect(error?.name).toBe("ConfigError");
  return error!.message.replaceAll(/\S*\/(?=\w+\.yaml)/g, "");
}

it("a member is the config with a setting over it, the sweep's steps and a seed, in a folder named by its values", async () => {
  const { members, runs, keys, settings, halving, monitor, out } = await sweep();
  expect(runs).toHaveLength(12);
  expect(members).toHaveLength(24);
  expect(keys).toEqual(["exp_params.LR", "model_params.hidden_dims"]);
  const { config, run, seed } = members[13]!;
  expect([settings.get(run), seed]).toEqual([[0.0001, [8, 16]], 2]);
  expect(run).toMatch(/^LR=0\.0001,hidden_dims=_8,16__[0-9a-f]{8}$/);
  expect(config.exp_params).toMatchObject({ LR: 0.0001, manual_seed: 2, lr_warmup_steps: 8 });
  expect(config.model_params.hidden_dims).toEqual([8, 16]);
  expect(config.trainer_params.max_steps).toBe(90);
  expect(config.trainer_params).not.toHaveProperty("max_epochs");
  expect(config.trainer_params).not.toHaveProperty("early_stopping");
  expect(config.logging_params).toMatchObject({ save_dir: join(out, run), name: "seed_2" });
  expect(halving).toEqual({ eta: 3, rungs: [10, 30, 90] });
  expect(monitor).toEqual({ monitor: "val/objective", mode: "min" });
});

it("the metric, its direction and the draws are the file's; more draws begin with the same", async () => {
  const drawn = (runs: number) => `name: drawn
seeds: [1]
epochs: 2
shared: {extends: base.yaml}
sweep:
  ranges: {exp_params.LR: log(1e-5..1e-1), model_params.latent_dim: int(2..64)}
  random: {runs: ${runs}, seed: 4}
  metric: val/psnr
`;
  const six = await sweep(drawn(6));
  expect((await sweep(drawn(3))).runs).toEqual(six.runs.slice(0, 3));
  expect(six.monitor).toEqual({ monitor: "val/psnr", mode: "max" });
  const { trainer_params } = six.members[0]!.config;
  expect(trainer_params).toMatchObject({ max_epochs: 2, checkpoint: { monitor: "val/psnr" } });
});

it.each([
  [
    "a key that is none",
    "exp_params.LR:",
    "exp_params.LRR:",
    /x\.yaml:8:5 exp_params\.LRR: unknown key\. Did you mean "LR"\?\n1 error/,
  ],
  ["a value that is none", "1e-3", "fast", /x\.yaml:8:20 exp_params\.LR: expected a number > 0, got "fast"/],
  [
    "a range that is none",
    "1e-4, 3e-4, 1e-3",
    "log(1..1)x3",
    /x\.yaml:8:20: expected FROM < TO, got the empty range 1\.\.1/,
  ],
  [
    "a key that the sweep says",
    "exp_params.LR: 1e-4",
    "exp_params.manual_seed: 1",
    /sweep\.ranges\.exp_params\.manual_seed: expected none in an experiment, whose seeds say it/,
  ],
  [
    "too few runs",
    "1e-4, 3e-4, 1e-3",
    "1e-4, 3e-4",
    /x\.yaml sweep\.halving: expected 9 runs or more, so that one of them comes through the rungs 10, 30, 90, got 8 runs\. Raise first, or lower eta/,
  ],
  ["epochs with halving", "steps: 90", "epochs: 9", /epochs: expected steps, which sweep\.halving counts in/],
  ["no budget", "steps: 90", "", /steps: expected an integer ≥ 1, or epochs, got nothing/],
  ["runs too", "sweep:", "runs: {a: {}}\nsweep:", /sweep: expected either runs, each written out, or sweep/],
  [
    "an evaluation",
    "sweep:",
    "evaluation: {metrics: [psnr]}\nsweep:",
    /evaluation: expected none in a sweep, which compares by validation/,
  ],
  [
    "no metrics to compare",
    "base.yaml}",
    "base.yaml, logging_params: {loggers: [jsonl]}}",
    /x\.yaml:5:\d+: logging_params\.loggers: expected csv among them, .* got \[jsonl\]\. Add it/,
  ],
  [
    "more trainings than anyone means",
    "seeds: [1, 2]",
    `seeds: [${Array.from({ length: 90 }, (_, i) => i)}]`,
    /expected at most 1000 trainings, got 12 settings times 90 seeds\. Give fewer/,
  ],
  [
    "a value in place of a section",
    "exp_params.LR: 1e-4",
    "exp_params: 1e-4",
    /exp_params: expected \{LR, .*, got 0\.0001/,
  ],
  [
    "a misspelled key of its own",
    "eta: 3",
    "etta: 3",
    /sweep\.halving\.etta: unknown key\. Did you mean "eta"\?/,
  ],
])("says of %s where it is and what to do", async (_, from, to, message) => {
  expect(await errorOf(GOOD.replace(from, to))).toMatch(message);
});

it("of the command line a key that is none is told by its argument, once; a range of the seed is the seeds", async () => {
  const config = [join(dir, "base.yaml")];
  await expect(sweepOfCommand(config, [], { sweep: ["exp_params.LRR=1,2"] })).rejects.toThrow(
    /^--sweep exp_params\.LRR=1,2: unknown key\. Did you mean "LR"\?\n1 error in /,
  );
  await expect(sweepOfCommand(config, [], { sweep: ["trainer_params.max_steps=1,2"] })).rejects.toThrow(
    /expected a key that changes what is learned, for the same time/,
  );
  await expect(sweepOfCommand(config, [], { sweep: ["exp_params.manual_seed=1,x"] })).rejects.toThrow(
    "--sweep exp_params.manual_seed=1,x: expected seeds, each an integer ≥ 0",
  );
  const seed = "exp_params.manual_seed";
  await expect(sweepOfCommand(config, [], { sweep: [`${seed}=1`, `${seed}=2`] })).rejects.toThrow(
    "--sweep exp_params.manual_seed=2: expected each key once",
  );
  const { seeds, runs, members, out } = await sweepOfCommand(config, ["model_params.latent_dim=3"], {
    sweep: ["exp_params.manual_seed=5,6", "exp_params.LR=lin(0.1..0.2)x2"],
  });
  expect([seeds, runs, out]).toEqual([[5, 6], ["LR=0.1", "LR=0.2"], join("logs", "sweeps", "VanillaVAE")]);
  expect(members[0]!.config.exp_params.lr_warmup_steps).toBe(3);
  expect(members[0]!.config.trainer_params.max_epochs).toBe(5);
});

/** A result with these values of the metric at these steps. */
const result = (step: number, values: Record<number, number>, complete = false): Result => ({
  folder: "x",
  step,
  complete,
  failure: undefined,
  validations: Object.entries(values).map(([at, value]) => ({
    step: Number(at),
    values: { "val/objective": value },
  })),
});
const none = result(0, {});

async function standing(
  results: (member: Member) => Result,
): Promise<{ plan: Sweep; state: State; of: (i: number, seed: number) => Member }> {
  const plan = await sweep();
  const of = (i: number, seed: number) =>
    plan.members.find((m) => m.run === plan.runs[i] && m.seed === seed)!;
  const state = {
    results: new Map(plan.members.map((m) => [m, results(m)])),
    running: new Set<Member>(),
    failed: new Set<Member>(),
  };
  return { plan, state, of };
}

it("in order, the next is the first that is not at its end, under way, or failed", async () => {
  const { plan, state, of } = await standing(() => none);
  const [a, b, c] = plan.members;
  const results = new Map(state.results).set(a!, result(90, { 90: 1 }, true));
  expect(nextInOrder(plan.members, { ...state, results, running: new Set([b!]) })).toEqual({ member: c });
  expect(nextInOrder([a!, b!], { ...state, results, failed: new Set([b!]) })).toBeUndefined();
  expect(of(0, 1)).toBe(a);
});

it("by halving, a run's seeds go to a rung together, what was stopped goes on first, and the mean decides", async () => {
  const { plan, state, of } = await standing(() => none);
  const next = (results: State["results"], running: Member[] = []) =>
    nextByHalving(plan, { ...state, results, running: new Set(running) });
  expect(next(state.results)).toEqual({ member: of(0, 1), until: 10 });
  expect(next(state.results, [of(0, 1)])).toEqual({ member: of(0, 2), until: 10 });
  expect(next(state.results, [of(0, 1), of(0, 2)])).toEqual({ member: of(1, 1), until: 10 });
  const results = new Map(state.results);
  for (const seed of [1, 2]) {
    results.set(of(0, seed), result(10, { 10: 5 }));
    results.set(of(1, seed), result(10, { 10: seed === 1 ? 1 : 8 })); // mean 4.5
    results.set(of(2, seed), result(10, { 10: seed === 1 ? 2 : 9 }));
  }
  expect(next(results)).toEqual({ member: of(1, 1), until: 30 });
  results.set(of(1, 1), result(17, { 10: 1 })); // stopped on its way
  expect(next(results)).toEqual({ member: of(1, 1), until: 30 });
  results.set(of(1, 1), result(30, { 10: 1, 30: 1 }));
  expect(next(results)).toEqual({ member: of(1, 2), until: 30 });
  expect(next(results, [of(1, 2)])).toEqual({ member: of(3, 1), until: 10 });
  // Who fails counts as the worst of its rung: of six the best two go on.
  for (const [i, value] of [6, 7].entries())
    for (const seed of [1, 2]) results.set(of(3 + i, seed), result(10, { 10: value }));
  results.set(of(1, 2), result(30, { 10: 8, 30: 1 }));
  expect(next(results)).toEqual({ member: of(5, 1), until: 10 });
  const failed = new Set([of(5, 2)]);
  expect(nextByHalving(plan, { results, running: new Set(), failed })).toEqual({
    member: of(0, 1),
    until: 30,
  });
});

it("a member that is not where it was to be has failed; so has one without a validation at its rung", async () => {
  const { of } = await standing(() => none);
  const task = { member: of(0, 1), until: 10 };
  expect(shortfall(task, result(10, { 10: 1 }), "words")).toBeUndefined();
  expect(shortfall(task, result(30, { 30: 1 }), "words")).toBeUndefined();
  expect(shortfall(task, result(7, {}), "words")).toBe("words");
  expect(shortfall(task, { ...result(7, {}), failure: "out of memory" }, "words")).toBe("out of memory");
  expect(shortfall(task, result(10, { 5: 1 }), "words")).toBe(
    "expected a validation at step 10 in metrics.csv, got none",
  );
  const output = join(folder({ "output.txt": "epoch 1/3\nout of paper\n" }), "output.txt");
  expect([said(output, 1), said(`${output}.none`, 3)]).toEqual([
    "out of paper",
    "its process ended with code 3",
  ]);
  expect(said(output, 137)).toMatch(/^its process was ended by SIGKILL, as the system does/);
  expect(said(output, 143)).toBe("its process was ended by SIGTERM");
  expect(shortfall({ member: of(0, 1) }, result(30, { 30: 1 }), "words")).toBe("words");
});

it("each training is a run of its own on an MLflow server, named by its settings", async () => {
  const withLoggers = (loggers: string) =>
    sweep(GOOD.replace("base.yaml}", `base.yaml, logging_params: {loggers: [csv, ${loggers}]}}`));
  const { members, runs } = await withLoggers("{name: mlflow, run_name: mine}");
  expect(members[0]!.config.logging_params.loggers).toEqual([
    "csv",
    { name: "mlflow", experiment: "small", run_name: "mine" },
  ]);
  const plain = await withLoggers("mlflow");
  expect(plain.members[12]!.config.logging_params.loggers).toEqual([
    "csv",
    { name: "mlflow", experiment: "small", run_name: `${runs[0]}, seed 2` },
  ]);
});

it("ranks those that came further first, then by the metric; failures and what was never started come last", async () => {
  const { plan, state, of } = await standing(() => none);
  const results = new Map(state.results);
  for (const seed of [1, 2]) {
    results.set(of(0, seed), result(10, { 10: 1 }));
    results.set(of(1, seed), result(90, { 10: 2, 90: 4 + seed }, true));
    results.set(of(2, seed), result(90, { 10: 2, 90: 3 }, true));
    results.set(of(3, seed), result(10, { 10: Number.NaN }));
  }
  results.set(of(4, 1), result(10, { 10: 0 })); // its other seed has none
  const rows = ranked(plan, results, new Map([[of(4, 2), "out of memory"]]));
  const shown = rows
    .slice(0, 5)
    .map(({ run, value, step, state: how }) => [plan.runs.indexOf(run), value, step, how]);
  expect(shown).toEqual([
    [2, 3, 90, "done"],
    [1, 5.5, 90, "done"],
    [0, 1, 10, "ended at rung 10"],
    [3, Number.NaN, 10, "ended at rung 10"],
    [4, undefined, 0, "failed: out of memory"],
  ]);
  expect(rows[1]!.deviation).toBeCloseTo(Math.SQRT1_2, 12);
  expect(rows[5]!.state).toBe("not started");
});

it("jobs share the cores, one thread at least each", () => {
  expect([threadsOf(1, 8), threadsOf(2, 8), threadsOf(3, 8), threadsOf(16, 8)]).toEqual([8, 4, 2, 1]);
});

it.each(readdirSync(`${root}configs/sweeps`))("the shipped sweep %s is valid", async (name) => {
  const series = await loadSeries(`${root}configs/sweeps/${name}`);
  expect(isSweep(series) && series.members.length).toBeGreaterThan(1);
});
