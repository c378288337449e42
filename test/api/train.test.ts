import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { EarlyStopping } from "../../src/api/early_stopping.ts";
import { resumeRun, type TrainOptions, train } from "../../src/api/train.ts";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import type {
  Callback,
  RunEvent,
  StepEvent,
  ValidationEvent,
} from "../../src/experiment/training/callbacks.ts";
import { tinyConfig } from "../support/api.ts";
import { trainingBackends } from "../support/backends.ts";

const root = mkdtempSync(join(tmpdir(), "vae-api-train-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const config = tinyConfig(root);
const QUIET = { quiet: true, backend: "wasm" } as const satisfies TrainOptions;
const last = (run: string) => readCheckpoint(join(run, "checkpoints/last.safetensors"));
const weights = (run: string) => {
  const { tensors } = last(run);
  return new Map([...tensors].map(([name, { data }]) => [name, [...data]]));
};

let unbroken = "";

test("values that the types forbid are told in a sentence", async () => {
  const config = tinyConfig(root);
  const calls: [unknown, unknown, string][] = [
    [
      null,
      QUIET,
      "train: config: expected the name of a YAML file or an object with the sections of a config, got null.",
    ],
    [undefined, QUIET, "got nothing."],
    [[config], QUIET, "train: config: expected"],
    [config, null, "train: options: expected an object, got null."],
    [config, { onstep: () => {} }, "train: onstep: unknown option. Expected one of onStep"],
    [config, { onStep: 5 }, "train: onStep: expected a function, got 5."],
    [
      config,
      { signal: new AbortController() },
      "train: signal: expected an AbortSignal, got one of AbortController.",
    ],
    [config, { callbacks: [null] }, "train: callbacks: expected a list, each an object"],
    [config, { callbacks: { onStep() {} } }, "train: callbacks: expected a list"],
    [config, { set: "exp_params.LR=1" }, "train: set: expected a list, each text"],
    [config, { backend: 1 }, "train: backend: expected text, got 1."],
    [{ ...config, model: 5 }, QUIET, "model_params.name: expected one of"],
    [{ ...config, model_params: null }, QUIET, "config model_params: expected an object, got null."],
    [{ ...config, model_params: "x" }, QUIET, 'config model_params: expected an object, got "x".'],
  ];
  for (const [given, options, said] of calls) {
    const { message, name } = await train(given as never, options as never).then(
      () => expect.unreachable(said),
      (e) => e,
    );
    expect([name, message]).toEqual(["ConfigError", expect.stringContaining(said)]);
  }
  await expect(resumeRun(null as never)).rejects.toThrow("resumeRun: run: expected text, got null.");
  expect(() => new EarlyStopping({ patience: "3" as never })).toThrow(
    'patience: expected an integer ≥ 1, got "3".',
  );
  expect(() => new EarlyStopping({ patiense: 3 } as never)).toThrow('Did you mean "patience"?');
});

test("train tells each step, validation and checkpoint, and what came out", async () => {
  const steps: StepEvent[] = [];
  const validations: ValidationEvent[] = [];
  const saved: number[] = [];
  const result = await train(config, {
    ...QUIET,
    onStep: (event) => void steps.push(event),
    onValidation: (event) => void validations.push(event),
    onCheckpoint: ({ file, step, isBest }) => {
      expect(readCheckpoint(file).state.step).toBe(step);
      expect(typeof isBest).toBe("boolean");
      saved.push(step);
    },
  });
  unbroken = result.run;
  expect(steps.map(({ step, totalSteps }) => [step, totalSteps])).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => [n, 6]),
  );
  const rows = readFileSync(join(result.run, "metrics.csv"), "utf8").trim().split("\n");
  const column = rows[0]!.split(",").indexOf("train/total");
  const logged = rows.slice(1).flatMap((row) => row.split(",")[column] || []);
  expect(logged.map(Number)).toEqual(steps.map(({ total }) => total));
  expect(Object.keys(steps[0]!.terms)).toEqual(["reconstruction", "kl"]);
  expect(validations.map(({ step, epoch }) => [step, epoch])).toEqual([
    [2, 1],
    [4, 2],
    [6, 3],
  ]);
  expect(validations[0]!.isBest).toBe(true);
  expect([...new Set(saved)]).toEqual([2, 4, 6]);
  expect(result).toMatchObject({
    ended: "complete",
    reason: undefined,
    exitCode: undefined,
    step: 6,
    epoch: 3,
  });
  expect(result.metrics).toEqual(validations[2]!.metrics);
  expect(result.best?.value).toBe(Math.min(...validations.map(({ metrics }) => metrics["val/objective"]!)));
});

test("a config object trains as the file of the same sections", async () => {
  const file = join(root, "same.yaml");
  const { model, data, ...sections } = config;
  const { model_params, data_params } = sections;
  const whole = {
    ...sections,
    model_params: { name: model, ...model_params },
    data_params: { name: data, ...data_params },
  };
  writeFileSync(file, stringify(whole));
  const { run } = await train(file, QUIET);
  expect(weights(run)).toEqual(weights(unbroken));
});

test("an abort saves after the step under way, and the run goes on as if there had been none", async () => {
  const controller = new AbortController();
  const onStep = ({ step }: StepEvent) => {
    if (step === 3) controller.abort();
  };
  const { run, ended, step } = await train(config, { ...QUIET, signal: controller.signal, onStep });
  expect([ended, step, last(run).state.step]).toEqual(["aborted", 3, 3]);
  const gone = await resumeRun(run, QUIET);
  expect(gone).toMatchObject({ run, ended: "complete", step: 6 });
  expect(weights(run)).toEqual(weights(unbroken));
});

test("an abort before the first step rejects and leaves no run", async () => {
  const before = readdirSync(join(root, "VanillaVAE")).length;
  const signal = AbortSignal.abort(new Error("not now"));
  await expect(train(config, { ...QUIET, signal })).rejects.toThrow("not now");
  expect(readdirSync(join(root, "VanillaVAE"))).toHaveLength(before);
});

test("a callback ends a run with a validation and a checkpoint, and another run goes on from there", async () => {
  const ends: number[] = [];
  const callback: Callback = {
    onStep: ({ step, stop }) => (step === 3 ? stop("three are enough") : undefined),
    onEnd: ({ step }) => void ends.push(step),
  };
  const result = await train(config, { ...QUIET, callbacks: [callback] });
  expect(result).toMatchObject({ ended: "stopped", reason: "three are enough", step: 3 });
  expect(Object.keys(result.metrics)).toContain("val/total");
  expect([ends, last(result.run).state.step]).toEqual([[3], 3]);
  expect((await resumeRun(result.run, QUIET)).ended).toBe("complete");
});

test("what a callback throws ends the run, saved", async () => {
  const onStep = ({ step }: StepEvent) => {
    if (step === 3) throw new Error("mine");
  };
  const runs = readdirSync(join(root, "VanillaVAE")).length;
  await expect(train(config, { ...QUIET, onStep })).rejects.toThrow("mine");
  expect(last(join(root, `VanillaVAE/version_${runs}`)).state.step).toBe(3);
});

test("Ctrl-C saves and lets the program go on; where it handles signals itself, training goes on", async () => {
  let mine = 0;
  const listener = () => {
    mine++;
  };
  const onStep = ({ step }: StepEvent) => void (step === 2 && process.emit("SIGINT", "SIGINT"));
  process.on("SIGINT", listener); // else the second one would end this process
  try {
    const saved = await train(config, { ...QUIET, onStep });
    expect(saved).toMatchObject({ ended: "signal", exitCode: 130, step: 2 });
    const whole = await train(config, { ...QUIET, onStep, handleSignals: false });
    expect([whole.ended, mine]).toEqual(["complete", 2]);
  } finally {
    process.off("SIGINT", listener);
  }
});

/** No validation is better by this much, so that the first stays the best. */
const RULE = { patience: 2, minDelta: 1e9 };

test("EarlyStopping ends a run as the config's rule does, and counts on in one that is gone on with", async () => {
  const long = { ...config, trainer_params: { ...config.trainer_params, max_epochs: 9 } };
  const early_stopping = { patience: RULE.patience, min_delta: RULE.minDelta };
  const byConfig = await train(
    { ...long, trainer_params: { ...long.trainer_params, early_stopping } },
    QUIET,
  );
  const byClass = await train(long, { ...QUIET, callbacks: [new EarlyStopping(RULE)] });
  expect([byClass.ended, byClass.step, byClass.reason]).toEqual(["stopped", byConfig.step, byConfig.reason]);
  expect(byClass.step).toBe(6);
  const controller = new AbortController();
  const onCheckpoint = ({ step }: RunEvent) => (step === 4 ? controller.abort() : undefined);
  const { run } = await train(long, {
    ...QUIET,
    signal: controller.signal,
    onCheckpoint,
    callbacks: [new EarlyStopping(RULE)],
  });
  const gone = await resumeRun(run, { ...QUIET, callbacks: [new EarlyStopping(RULE)] });
  expect([gone.ended, gone.step]).toEqual(["stopped", 6]);
  const again = await resumeRun(run, { ...QUIET, callbacks: [new EarlyStopping(RULE)] });
  expect([again.ended, again.step]).toEqual(["stopped", 6]);
});

test("a mistake says the key, without a file", async () => {
  const wrong = { model: "VanillaVAE", model_params: { latent_dimm: 4 } } as object;
  await expect(train(wrong, QUIET)).rejects.toThrow(
    'config model_params.latent_dimm: unknown key. Did you mean "latent_dim"?\n1 error in config',
  );
  const date = { model: "VanillaVAE", model_params: { latent_dim: new Date() } } as object;
  await expect(train(date, QUIET)).rejects.toThrow(
    "config model_params.latent_dim: expected what a YAML file can hold",
  );
  await expect(resumeRun(join(root, "VanillaVAE/nowhere"), QUIET)).rejects.toThrow("no run");
});

test("what would train something else than was asked is refused", async () => {
  const two = { ...config, model_params: { ...config.model_params, name: "BetaVAE" } };
  await expect(train(two, QUIET)).rejects.toThrow(
    'config model_params.name: expected "VanillaVAE" as "model" says, or nothing, got "BetaVAE".',
  );
  for (const until of [0, 1.5, Number.NaN])
    await expect(train(config, { ...QUIET, until })).rejects.toThrow(
      `until: expected an integer ≥ 1, got ${until}.`,
    );
  expect(() => new EarlyStopping({ patience: 0 })).toThrow(
    "EarlyStopping: patience: expected an integer ≥ 1, got 0.",
  );
  const monitor = "val/obective";
  await expect(train(config, { ...QUIET, callbacks: [new EarlyStopping({ monitor })] })).rejects.toThrow(
    'got "val/obective". Did you mean "val/objective"?',
  );
});

test.each(["cpu", ...trainingBackends])("quiet prints nothing at all, on %s", async (backend) => {
  const source = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const program = `
    import { train } from ${JSON.stringify(source)};
    const config = ${JSON.stringify({ ...config, trainer_params: { max_steps: 1 } })};
    const { open } = await train(config, { quiet: true, backend: ${JSON.stringify(backend)} });
    const run = await open({ quiet: true });
    await run.sample(2);
    await run.dispose();
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", program];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const ended = await promisify(execFile)(process.execPath, args, { cwd }).catch((error) => error);
  expect([ended.stdout, ended.stderr]).toEqual(["", ""]);
});
