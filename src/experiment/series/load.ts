import { dirname, join, resolve } from "node:path";
import { withDefaults } from "../../config/defaults.ts";
import type { JsonSchema } from "../../config/describe.ts";
import { overItsBases } from "../../config/extends.ts";
import { isMap, type Located, merge, type Place, toPlain } from "../../config/located.ts";
import { parseOverride } from "../../config/overrides.ts";
import { rebaseInherited } from "../../config/paths.ts";
import { loadPlugins, pluginFiles } from "../../config/plugins.ts";
import { type Path, Positions } from "../../config/positions.ts";
import { type Problem, problemsError, withRemedy } from "../../config/problems.ts";
import { readYamlFile } from "../../config/read.ts";
import { layeredRegistries, type Registries } from "../../config/registries.ts";
import type { Config } from "../../config/schema.ts";
import { validate } from "../../config/validate.ts";
import { violations } from "../../config/violations.ts";
import type { DatasetDefinition } from "../../data/define.ts";
import { ConfigError } from "../../errors.ts";
import { namesFile } from "../../features/sources/source.ts";
import type { ModelDefinition } from "../../models/define.ts";
import { didYouMean } from "../../text/suggest.ts";
import type { FigureOptions } from "../evaluation/context.ts";
import { type ExperimentFile, ExperimentSchema } from "./schema.ts";

const SCHEMA = ExperimentSchema as unknown as JsonSchema;

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
  readonly figures: readonly string[];
  /** File names in it are absolute. */
  readonly options: FigureOptions;
  readonly sheet: ExperimentFile["contact_sheet"];
}

export interface LoadExperimentOptions {
  /** Arguments of `--set`: values of the experiment file. */
  readonly set?: readonly string[];
  /** Default: `logs/experiments/NAME`. */
  readonly out?: string;
}

/** What the experiment says of each run, where one of its configs may not. */
const TAKEN: readonly (readonly [Path, string])[] = [
  [["exp_params", "manual_seed"], "seeds"],
  [["trainer_params", "max_steps"], "steps"],
  [["trainer_params", "max_epochs"], "steps"],
  [["logging_params", "save_dir"], "name, or --out"],
  [["logging_params", "name"], "runs"],
];

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
  const root = withoutSchema(set.map(parseOverride).reduce(merge, own));
  const positions = new Positions(root);
  const plain = withDefaults(SCHEMA, toPlain(root)) as ExperimentFile;
  const problems = problemsOf(plain, positions);
  if (problems.length > 0) throw problemsError(problems, [file]);

  const folder = out ?? join("logs", "experiments", plain.name);
  const members: Member[] = [];
  const failed: string[] = [];
  for (const [run, node] of (root.value as Nodes).get("runs")!.value as Nodes) {
    // A run's plugins are its own.
    const registries = await layeredRegistries();
    for (const seed of plain.seeds) {
      try {
        const fixed = { seed, steps: plain.steps, save_dir: join(folder, run) };
        members.push({ run, seed, ...(await configOf(file, root, node, fixed, registries)) });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        failed.push(...error.message.split("\n").filter((line) => !/^\d+ errors? in /.test(line)));
        break; // the same with each seed
      }
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
    figures: e.figures,
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
    },
    sheet: plain.contact_sheet,
  };
}

type Nodes = ReadonlyMap<string, Located>;

/** A run's config: its bases, `shared`, its own keys, and what the experiment says of all. */
async function configOf(
  file: string,
  root: Located,
  node: Located,
  { seed, steps, save_dir }: { seed: number; steps: number; save_dir: string },
  registries: Registries,
): Promise<Omit<Member, "run" | "seed">> {
  const shared = (root.value as Nodes).get("shared");
  const { root: given, files } = overItsBases(node, file, shared && isMap(shared) ? shared : undefined);
  const { place } = root;
  const epochs = new Positions(given).has(["trainer_params", "max_epochs"]) ? { max_epochs: null } : {};
  const fixed = located(
    {
      exp_params: { manual_seed: seed },
      trainer_params: { max_steps: steps, ...epochs },
      logging_params: { save_dir, name: `seed_${seed}` },
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

/** What is wrong with the experiment's own keys. */
function problemsOf(plain: ExperimentFile, positions: Positions): Problem[] {
  const problems: Problem[] = violations(SCHEMA, plain).map((violation) => {
    const { path } = violation;
    if (violation.kind === "unknown") {
      const key = String(path.at(-1));
      const remedy = didYouMean(key, violation.known) || ` Expected one of ${violation.known.join(", ")}.`;
      return { path, place: positions.key(path), message: `unknown key.${remedy}` };
    }
    const place = violation.kind === "missing" ? positions.key(path) : positions.value(path);
    return { path, place, message: violation.message };
  });
  if (problems.length > 0) return problems;
  if (Object.keys(plain.runs).length === 0) {
    const path = ["runs"];
    problems.push({
      path,
      place: positions.value(path),
      message: "expected a run or more, got an empty map",
    });
  }
  for (const config of [["shared"], ...Object.keys(plain.runs).map((run) => ["runs", run])]) {
    for (const [key, says] of TAKEN) {
      const path = [...config, ...key];
      if (!positions.has(path)) continue;
      const fact = `expected none in an experiment, whose ${says} say${says.endsWith("s") ? "" : "s"} it`;
      problems.push({ path, place: positions.key(path), message: withRemedy(fact, " Remove it.") });
    }
  }
  return problems;
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
