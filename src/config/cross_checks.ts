import { distance } from "fastest-levenshtein";
import { knownMetrics, modeOf } from "../metrics/table.ts";
import { conventionOf } from "../models/convention.ts";
import { type ModelDefinition, phasesOf } from "../models/define.ts";
import { didYouMean } from "../text/suggest.ts";
import { DEFAULT_DATASET, defaultDataset } from "./compose.ts";
import { type JsonSchema, show } from "./describe.ts";
import { formatPlace } from "./located.ts";
import { definitionError } from "./plugin_faults.ts";
import type { Path, Positions } from "./positions.ts";
import { type Problem, withRemedy } from "./problems.ts";
import { type Config, ExpParams } from "./schema.ts";

/** What one key asks of another; for a config that fits its schema. */
export function crossChecks(config: Config, model: ModelDefinition, positions: Positions): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, message: string, at: "key" | "value" = "value") =>
    problems.push({ path, message, place: positions[at](path) });
  const { exp_params: exp, trainer_params: trainer } = config;

  const loggers = config.logging_params.loggers.map((l) => (typeof l === "string" ? l : l.name));
  for (const [i, name] of loggers.entries()) {
    if (loggers.indexOf(name) === i) continue;
    report(["logging_params", "loggers", i], `expected each logger once, got "${name}" again. Remove it.`);
  }
  const declared = model.terms(config.model_params as never, conventionOf(exp));
  for (const [name, term] of Object.entries(declared)) {
    if (Number.isFinite(Object(term).weight)) continue;
    const fact = `terms: expected of "${name}" {doc, weight}, weight a number, got ${show(term)}.`;
    throw definitionError(model, fact, name, "first");
  }
  const terms = Object.keys(declared);
  for (const name of Object.keys(exp.loss_weights ?? {})) {
    if (terms.includes(name)) continue;
    const path = ["exp_params", "loss_weights", name];
    const fact = `expected a loss term of ${model.name} (${terms.join(", ")}), got "${name}"`;
    report(path, withRemedy(fact, didYouMean(name, terms)), "key");
  }
  const phases = phasesOf(model);
  for (const name of Object.keys(exp.optimizers ?? {})) {
    if (phases.includes(name)) continue;
    const fact = `expected a phase of ${model.name} (${phases.join(", ")}), got "${name}"`;
    report(["exp_params", "optimizers", name], withRemedy(fact, didYouMean(name, phases)), "key");
  }
  for (const key of ["LR_2", "scheduler_gamma_2", "submodel", "retain_first_backpass"] as const) {
    if (exp[key] === undefined || phases.length > 1) continue;
    const fact = `belongs to variants with a second optimizer, and ${model.name} has one`;
    report(["exp_params", key], `${fact}. Remove it.`, "key");
  }
  if (exp.submodel !== undefined && phases.length > 1 && exp.submodel !== phases[1]) {
    const fact = `expected ${phases[1]}, the second phase of ${model.name}, got "${exp.submodel}"`;
    report(["exp_params", "submodel"], withRemedy(fact, ""));
  }
  if (exp.scheduler_gamma_2 !== undefined && exp.LR_2 === undefined && phases.length > 1) {
    const phase = `optimizers: {${phases[1]}: {scheduler_gamma: ${exp.scheduler_gamma_2}}}`;
    report(
      ["exp_params", "scheduler_gamma_2"],
      `expected LR_2 beside it, got none. Add it, or write ${phase}.`,
      "key",
    );
  }
  if (exp.kld_weight !== undefined && exp.reconstruction === "elbo") {
    const other = formatPlace(positions.value(["exp_params", "reconstruction"]));
    report(
      ["exp_params", "kld_weight"],
      `expected none with reconstruction: elbo (${other}), got ${exp.kld_weight}. Remove it, or write reconstruction: pixel_mean.`,
    );
  }
  if (exp.scheduler === "step" && typeof exp.scheduler_gamma !== "number") {
    report(
      ["exp_params", "scheduler"],
      'expected scheduler_gamma beside "step", got none. Add scheduler_gamma: 0.1, or choose another.',
    );
  }
  if (exp.min_lr > exp.LR) {
    report(["exp_params", "min_lr"], `expected at most LR, ${exp.LR}, got ${exp.min_lr}. Lower it.`);
  }
  if (trainer.precision === "bfloat16" && !trainer.compile) {
    report(
      ["trainer_params", "precision"],
      'expected float32 with compile: false, got "bfloat16". Remove compile: false.',
    );
  }
  const known = knownMetrics(terms);
  for (const key of ["checkpoint", "early_stopping"] as const) {
    const monitor = trainer[key]?.monitor;
    if (monitor === undefined || !isNoMetric(monitor, known)) continue;
    const fact = `expected a metric of validation such as ${known.slice(0, 5).join(", ")}, got ${show(monitor)}`;
    report(["trainer_params", key, "monitor"], withRemedy(fact, meant(monitor, known)));
  }
  if (trainer.early_stopping !== undefined && trainer.limit_val_batches === 0) {
    const other = formatPlace(positions.value(["trainer_params", "limit_val_batches"]));
    const fact = `expected none with limit_val_batches: 0 (${other}), which validates nothing`;
    report(["trainer_params", "early_stopping"], `${fact}. Remove one of them.`, "key");
  }
  return problems;
}

/**
 * Whether validation has no such metric, as far as that is known before a model is built: where it names no validation, or
 * is a known one misspelled. What else a variant logs is known when it is built, before it is trained.
 */
function isNoMetric(monitor: string, known: readonly string[]): boolean {
  if (known.includes(monitor)) return false;
  if (!/^val\/./.test(monitor)) return true;
  return known.some((name) => distance(monitor, name) <= Math.min(2, (name.length - "val/".length) / 4));
}

const meant = (monitor: string, known: readonly string[]): string =>
  didYouMean(monitor.replace(/^(?:(?:val|train)[/_])?/, "val/").replace(/loss$/, "objective"), known);

/** What of a config was read in a way that its keys don't say, or has no effect: a sentence each. */
export function notesOn(config: Config, positions: Positions, model?: ModelDefinition): string[] {
  const { exp_params: exp, trainer_params: trainer } = config;
  const { monitor, mode } = trainer.checkpoint;
  const given = (...path: string[]) => positions.has(path);
  // A run's own config.yaml writes the defaults out: they are no wish.
  const wished = (key: keyof ExpParams) =>
    given("exp_params", key) && show(exp[key]) !== show((ExpParams.properties[key] as JsonSchema).default);
  const notes: [boolean, string][] = [
    [
      !given("data_params", "name"),
      defaultDataset(model) === DEFAULT_DATASET
        ? `data_params.name: not given, so ${DEFAULT_DATASET}, which reads data_path as a folder of images; celeba has CelebA's labels and partition.`
        : `data_params.name: not given, so ${defaultDataset(model)}, whose labels ${model!.name} takes.`,
    ],
    [
      exp.kld_weight !== undefined && !given("exp_params", "reconstruction"),
      "exp_params.kld_weight: given, so reconstruction: pixel_mean, PyTorch-VAE's scale of the loss.",
    ],
    [
      given("trainer_params", "gpus") && trainer.gpus !== null,
      "trainer_params.gpus: not used; --backend chooses the kind of device, trainer_params.devices how many.",
    ],
    [
      exp.scheduler_gamma === 0 && (exp.scheduler === "exponential" || exp.scheduler === "step"),
      "exp_params.scheduler_gamma: 0 is read as none, a constant learning rate; by PyTorch-VAE's reading nothing is learned after the first epoch.",
    ],
    [
      exp.retain_first_backpass !== undefined,
      "exp_params.retain_first_backpass: not used; phases share no gradients.",
    ],
    [
      given("logging_params", "manual_seed"),
      "logging_params.manual_seed: not used; exp_params.manual_seed is the seed.",
    ],
    [
      given("exp_params", "scheduler_gamma") && (exp.scheduler === "none" || exp.scheduler === "cosine"),
      `exp_params.scheduler_gamma: not used by scheduler: ${exp.scheduler}.`,
    ],
    [
      wished("scheduler_step_size") && exp.scheduler !== "step",
      `exp_params.scheduler_step_size: not used by scheduler: ${exp.scheduler}.`,
    ],
    [
      wished("min_lr") && exp.scheduler !== "cosine",
      `exp_params.min_lr: not used by scheduler: ${exp.scheduler}.`,
    ],
    [
      wished("momentum") && exp.optimizer !== "sgd",
      `exp_params.momentum: not used by optimizer: ${exp.optimizer}.`,
    ],
    [
      (wished("betas") || wished("eps")) && exp.optimizer === "sgd",
      "exp_params.betas, eps: not used by optimizer: sgd.",
    ],
    [
      mode !== undefined && given("trainer_params", "checkpoint", "mode") && mode !== modeOf(monitor),
      `trainer_params.checkpoint.mode: ${mode}, though the best ${monitor} is the ${mode === "min" ? "highest" : "lowest"}.`,
    ],
  ];
  return [...notes.flatMap(([applies, note]) => (applies ? [note] : [])), ...oldNames(config, model)];
}

/** What a plugin's terms still call by an old name. */
function oldNames({ model_params, exp_params }: Config, model?: ModelDefinition): string[] {
  const terms = model?.terms(model_params as never, conventionOf(exp_params)) ?? {};
  return Object.entries(terms).flatMap(([name, { nats }]) =>
    nats === undefined
      ? []
      : [`${model!.name}, terms: "${name}": nats is called timesKldWeight now; both work.`],
  );
}
