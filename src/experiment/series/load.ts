import { dirname, join, resolve } from "node:path";
import { withDefaults } from "../../config/defaults.ts";
import { overItsBases } from "../../config/extends.ts";
import { isMap, type Located, merge, type Place, toPlain } from "../../config/located.ts";
import { parseOverride } from "../../config/overrides.ts";
import { rebaseInherited } from "../../config/paths.ts";
import { loadPlugins, pluginFiles } from "../../config/plugins.ts";
import { type Path, Positions } from "../../config/positions.ts";
import { problemsError } from "../../config/problems.ts";
import { readYamlFile } from "../../config/read.ts";
import { layeredRegistries } from "../../config/registries.ts";
import type { Config } from "../../config/schema.ts";
import { validate } from "../../config/validate.ts";
import type { DatasetDefinition } from "../../data/define.ts";
import { ConfigError } from "../../errors.ts";
import { namesFile } from "../../features/sources/file_name.ts";
import type { ModelDefinition } from "../../models/define.ts";
import type { EvaluationOptions } from "../evaluation/context.ts";
import { problemsOf } from "./problems.ts";
import { EXPERIMENT_SCHEMA, type ExperimentFile } from "./schema.ts";

/** One training: a run of the experiment with one of its seeds. */
export interface Member {
  readonly run: string;
  readonly seed: number;
  /** As `vae run` would take it. */
  readonly config: Config;
  readonly model: ModelDefinition;
  readonly dataset: DatasetDefinition;
}

export interface Experiment {
  readonly file: string;
  readonly name: string;
  readonly steps: number;
  readonly seeds: readonly number[];
  /** In the file's order. */
  readonly runs: readonly string[];
  /** Each run with the first seed, then with the next: so that what there is when it is stopped can be compared. */
  readonly members: readonly Member[];
  /** Folder that relative file names in the configs start from. */
  readonly baseDir: string;
  /** Folder of the runs and results. */
  readonly out: string;
  /** Names of the metrics that are compared. */
  readonly metrics: readonly string[];
  /** Names of the samplers that are fitted to each run. */
  readonly samplers: readonly string[];
  /** File names in it are absolute. */
  readonly options: EvaluationOptions;
  readonly sheet: ExperimentFile["contact_sheet"];
}

export interface LoadExperimentOptions {
  /** Arguments of `--set`: values of the experiment file. */
  readonly set?: readonly string[];
  /** Default: `logs/experiments/NAME`. */
  readonly out?: string;
}

/**
 * The experiment of a YAML file, `set` laid over it, every config of it checked and filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function loadExperiment(
  file: string,
  { set = [], out }: LoadExperimentOptions = {},
): Promise<Experiment> {
  const own = readYamlFile(file, "", "an experiment (name, seeds, steps, runs, …)");
  const root = withoutSchema([own, ...set.map(parseOverride)].map(withOwnNames).reduce(merge));
  const positions = new Positions(root);
  const plain = withDefaults(EXPERIMENT_SCHEMA, toPlain(root)) as ExperimentFile;
  const problems = problemsOf(plain, positions);
  if (problems.length > 0) throw problemsError(problems, [file]);

  const folder = out ?? join("logs", "experiments", plain.name);
  const members: Member[] = [];
  const failed: string[] = [];
  for (const [run, node] of (root.value as Nodes).get("runs")!.value as Nodes) {
    try {
      const first = { seed: plain.seeds[0]!, steps: plain.steps, save_dir: join(folder, run) };
      const { config, ...definitions } = await configOf(file, root, node, first);
      for (const seed of plain.seeds)
        members.push({ run, seed, config: withSeed(config, seed), ...definitions });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      failed.push(...error.message.split("\n").filter((line) => !/^\d+ errors? in /.test(line)));
    }
  }
  if (failed.length > 0) throw counted(failed, file);
  const { evaluation: e } = plain;
  const network = typeof e.network === "string" ? { name: e.network } : e.network;
  const absolute = (path: Path, name: string) =>
    namesFile(name) ? resolve(positions.value(path).dir, name) : name;
  const { lpips } = e;
  const baseDir = dirname(resolve(file));
  return {
    file,
    name: plain.name,
    steps: plain.steps,
    seeds: plain.seeds,
    runs: Object.keys(plain.runs),
    members: plain.seeds.flatMap((seed) => members.filter((member) => member.seed === seed)),
    baseDir,
    out: folder,
    metrics: e.metrics,
    samplers: e.samplers,
    options: {
      split: e.split,
      maxImages: e.max_images,
      draws: e.draws,
      seed: e.seed,
      network: {
        ...network,
        ...(network.weights !== undefined && {
          weights: absolute(["evaluation", "network", "weights"], network.weights),
        }),
      },
      lpips: lpips && {
        variant: lpips.variant,
        backbone: absolute(["evaluation", "lpips", "backbone"], lpips.backbone),
        heads: absolute(["evaluation", "lpips", "heads"], lpips.heads),
        baseDir,
      },
      baseDir,
      remedies: { lpips: "evaluation.lpips: {variant, backbone, heads}" },
      keys: JUDGE_KEYS,
    },
    sheet: plain.contact_sheet,
  };
}

type Nodes = ReadonlyMap<string, Located>;

/** What names the networks that judge. */
const JUDGE_KEYS = {
  network: {
    network: "evaluation.network",
    weights: "evaluation.network.weights",
    layers: "evaluation.network",
  },
  lpips: {
    network: "evaluation.lpips",
    weights: "evaluation.lpips.backbone",
    layers: "evaluation.lpips",
  },
};

/** A run's config: its bases, `shared`, its own keys, and what the experiment says of all. */
async function configOf(
  file: string,
  root: Located,
  node: Located,
  { seed, steps, save_dir }: { seed: number; steps: number; save_dir: string },
): Promise<Omit<Member, "run" | "seed">> {
  const registries = await layeredRegistries(); // a run's plugins are its own
  const shared = (root.value as Nodes).get("shared");
  const { root: given, files } = overItsBases(node, file, shared && isMap(shared) ? shared : undefined);
  const { place } = root;
  const inBase = new Positions(given);
  const without = Object.fromEntries(
    ["max_epochs", "early_stopping"]
      .filter((key) => inBase.has(["trainer_params", key]))
      .map((key) => [key, null]),
  );
  const fixed = located(
    {
      exp_params: { manual_seed: seed },
      trainer_params: { max_steps: steps, ...without },
      logging_params: { save_dir, name: nameOf(seed) },
    },
    place,
  );
  const whole = merge(given, fixed);
  await loadPlugins(
    pluginFiles(whole),
    registries,
    async () => (await import("../../plugin_api.ts")).pluginApi,
  );
  const { config, positions, model, dataset } = validate(whole, registries, [file, ...files]);
  return {
    config: rebaseInherited(config, positions, dirname(resolve(file)), { model, dataset }),
    model,
    dataset,
  };
}

const nameOf = (seed: number): string => `seed_${seed}`;

/** The config with another seed, which nothing else of it depends on: it is checked once. */
const withSeed = (config: Config, seed: number): Config => ({
  ...config,
  exp_params: { ...config.exp_params, manual_seed: seed },
  logging_params: { ...config.logging_params, name: nameOf(seed) },
});

/** `evaluation.metrics` of a file, or of one `--set`, that has it by its older name, `evaluation.figures`. */
function withOwnNames(root: Located): Located {
  const evaluation = isMap(root) ? root.value.get("evaluation") : undefined;
  if (!isMap(root) || evaluation === undefined || !isMap(evaluation) || evaluation.value.has("metrics"))
    return root;
  const renamed = [...evaluation.value].map(
    ([key, node]) => [key === "figures" ? "metrics" : key, node] as const,
  );
  return {
    ...root,
    value: new Map(root.value).set("evaluation", { ...evaluation, value: new Map(renamed) }),
  };
}

function withoutSchema(root: Located): Located {
  const value = new Map(root.value as Nodes);
  value.delete("$schema");
  return { ...root, value };
}

/** A plain value as if it had been written at `place`. */
function located(value: unknown, place: Place): Located {
  if (typeof value !== "object" || value === null) return { value: value as string, place };
  const entries = Object.entries(value).map(([key, v]) => [key, located(v, place)] as const);
  return { value: new Map(entries), place };
}

function counted(lines: readonly string[], file: string): ConfigError {
  const each = [...new Set(lines)];
  return new ConfigError(
    `${each.join("\n")}\n${each.length === 1 ? "1 error" : `${each.length} errors`} in ${file}`,
  );
}
