import { dirname, join, resolve } from "node:path";
import { withDefaults } from "../../config/defaults.ts";
import { overItsBases } from "../../config/extends.ts";
import { isMap, type Located, merge, toPlain } from "../../config/located.ts";
import { parseOverride } from "../../config/overrides.ts";
import { type Path, Positions } from "../../config/positions.ts";
import { problemsError } from "../../config/problems.ts";
import { readYamlFile } from "../../config/read.ts";
import { ConfigError } from "../../errors.ts";
import { namesFile } from "../../features/sources/file_name.ts";
import { rangeOfNode } from "../sweep/ranges.ts";
import type { Chosen, Experiment, Search } from "./experiment.ts";
import { eachChecked, laidOver, membersOf, ofSteps } from "./members.ts";
import { judgesOf, problemsOf } from "./problems.ts";
import { EXPERIMENT_SCHEMA, type ExperimentFile } from "./schema.ts";
import { searchOf } from "./search.ts";
import { type Sweep, sweepOf } from "./sweep.ts";

export interface LoadExperimentOptions {
  /** Arguments of `--set`: values of the experiment file. */
  readonly set?: readonly string[];
  /** Default: `logs/experiments/NAME`. */
  readonly out?: string;
}

export const isSweep = (series: Experiment | Sweep): series is Sweep => "monitor" in series;

/**
 * The experiment or the sweep of a YAML file, `set` laid over it, every config of it checked and filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function loadSeries(
  file: string,
  { set = [], out }: LoadExperimentOptions = {},
): Promise<Experiment | Sweep> {
  const own = readYamlFile(file, "", "an experiment (name, seeds, steps, runs, …)");
  const root = withoutSchema([own, ...set.map(parseOverride)].map(withOwnNames).reduce(merge));
  const positions = new Positions(root);
  const plain = withDefaults(EXPERIMENT_SCHEMA, toPlain(root)) as ExperimentFile;
  const problems = problemsOf(plain, positions);
  if (problems.length > 0) throw problemsError(problems, [file]);
  const folder = out ?? join("logs", "experiments", plain.name);
  const { name, seeds, steps, epochs, sweep } = plain;
  if (sweep === undefined) return experimentOf({ file, root, plain, positions, out: folder });
  const shared = nodeAt(root, "shared") ?? { value: new Map(), place: root.place };
  const { root: config, files } = overItsBases(shared, file);
  const ranges = nodeAt(root, "sweep", "ranges")!.value as Nodes;
  return sweepOf({
    file,
    files,
    name,
    seeds,
    config,
    out: folder,
    ranges: [...ranges].map(([key, node]) => rangeOfNode(key, node)),
    budget:
      steps === undefined ? { max_epochs: epochs!, max_steps: null } : { max_steps: steps, max_epochs: null },
    random: sweep.random,
    metric: sweep.metric,
    mode: sweep.mode,
    halving: sweep.halving,
  });
}

/** As `loadSeries`, of a file with runs. @throws ConfigError where it is a sweep's */
export async function loadExperiment(file: string, options: LoadExperimentOptions = {}): Promise<Experiment> {
  const series = await loadSeries(file, options);
  if (isSweep(series)) throw new ConfigError(`${file}: expected runs, got a sweep`);
  return series;
}

interface ExperimentArgs {
  readonly file: string;
  readonly root: Located;
  /** The same without places, with defaults. */
  readonly plain: ExperimentFile;
  readonly positions: Positions;
  readonly out: string;
}

async function experimentOf({ file, root, plain, positions, out }: ExperimentArgs): Promise<Experiment> {
  const { name, seeds } = plain;
  const steps = plain.steps!;
  const e = plain.evaluation!;
  const shared = nodeAt(root, "shared");
  const runs = new Map(
    [...(nodeAt(root, "runs")!.value as Nodes)].map(([run, node]) => [
      run,
      overItsBases(node, file, shared && isMap(shared) ? shared : undefined),
    ]),
  );
  const membersWith = async (chosen: Chosen) => {
    const members = await eachChecked(file, runs, ([run, { root: given, files }]) =>
      membersOf({ series: name, run, seeds, file, files }, laidOver(given, chosen.get(run)), {
        trainer_params: ofSteps(steps),
        save_dir: join(out, run),
      }),
    );
    return { chosen, members: seeds.flatMap((seed) => members.filter((member) => member.seed === seed)) };
  };
  const absolute = (path: Path, name: string) =>
    namesFile(name) ? resolve(positions.value(path).dir, name) : name;
  const { lpips } = e;
  const baseDir = dirname(resolve(file));
  const experiment = {
    file,
    name,
    steps,
    seeds,
    runs: Object.keys(plain.runs!),
    ...(await membersWith(new Map())),
    baseDir,
    out,
    metrics: e.metrics,
    samplers: e.samplers,
    options: {
      split: e.split,
      maxImages: e.max_images,
      draws: e.draws,
      seed: e.seed,
      networks: judgesOf(e.network).map(({ path, network }) => ({
        ...network,
        ...(network.weights !== undefined && { weights: absolute([...path, "weights"], network.weights) }),
      })),
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
  if (plain.search === undefined) return experiment;
  const rangesAt = (...path: string[]) => [...((nodeAt(root, "search", ...path)?.value as Nodes) ?? [])];
  const searched = [...runs].map(([run, config]) => {
    const nodes = new Map([...rangesAt("shared"), ...rangesAt("runs", run)]); // a run's own over those of all
    return [run, { config, ranges: [...nodes].map(([key, node]) => rangeOfNode(key, node)) }] as const;
  });
  const search: Search = await searchOf(experiment, plain.search, new Map(searched), async (chosen) => ({
    ...experiment,
    search,
    ...(await membersWith(chosen)),
  }));
  return { ...experiment, search };
}

type Nodes = ReadonlyMap<string, Located>;

const nodeAt = (root: Located, ...path: readonly string[]): Located | undefined =>
  path.reduce<Located | undefined>((node, key) => (isMap(node) ? node.value.get(key) : undefined), root);

/** What names the networks that judge, of several each. */
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
