import type { DatasetDefinition } from "../data/define.ts";
import { UserError } from "../errors.ts";
import type { ModelDefinition } from "../models/define.ts";
import { didYouMean } from "../text/suggest.ts";
import { withOwnNames } from "./aliases.ts";
import { complete, givenBy } from "./complete.ts";
import { composeSchema, defaultDataset } from "./compose.ts";
import { crossChecks, notesOn } from "./cross_checks.ts";
import { isObject, withDefaults } from "./defaults.ts";
import { type JsonSchema, show } from "./describe.ts";
import { formatPlace, type Located, toPlain } from "./located.ts";
import { leadingPath, type Path, Positions } from "./positions.ts";
import { type Problem, problemsError, withRemedy } from "./problems.ts";
import { pytorchVaeNotes } from "./pytorch_vae.ts";
import type { Registries, Registry } from "./registries.ts";
import type { Config } from "./schema.ts";
import { withTexts } from "./texts.ts";
import { unknownKey } from "./unknown_keys.ts";
import { type Violation, violations } from "./violations.ts";

export interface Validated {
  /** Complete: defaults stand where nothing was given. */
  readonly config: Config;
  /** What was read in a way that its keys don't say (PyTorch-VAE's), or has no effect: a sentence each. */
  readonly notes: readonly string[];
  readonly positions: Positions;
  readonly model: ModelDefinition;
  readonly dataset: DatasetDefinition;
}

/** What of a config is read before its schema is known. */
const NAME: JsonSchema = { properties: { name: { type: "string" } } };
const NAMES: JsonSchema = { properties: { model_params: NAME, data_params: NAME } };

/**
 * The config that `written` holds, checked against the schemas of its model and data set and filled with defaults.
 *
 * @param files as the user would name them, in the order in which errors are listed.
 * @throws ConfigError with all mistakes, a line each, and their count.
 */
export function validate(written: Located, registries: Registries, files: readonly string[]): Validated {
  const problems: Problem[] = [];
  const named = toPlain(withTexts(written, NAMES)) as Record<string, unknown>;
  const places = new Positions(written);
  const choose = <T>(
    section: string,
    registry: Registry<T>,
    near: (name: string, names: readonly string[]) => string,
    fallback?: string,
  ): T | undefined => {
    const { found, problem } = chooseByName(named[section], section, registry, places, near, fallback);
    if (problem) problems.push(problem);
    return found;
  };
  const model = choose("model_params", registries.models, nearModel(registries));
  const dataset = choose("data_params", registries.datasets, didYouMean, defaultDataset(model));
  const { root, problems: twice } = withOwnNames(written, model?.aliases, files);
  problems.push(...twice);
  const positions = new Positions(root);
  const schema = composeSchema(model, dataset);
  const raw = toPlain(withTexts(root, schema)) as Record<string, unknown>;
  if (dataset)
    raw.data_params = { name: dataset.name, ...(isObject(raw.data_params) ? raw.data_params : {}) };
  const filled = withDefaults(schema, raw) as Record<string, unknown>;
  const names = { model: model?.name, dataset: dataset?.name };
  for (const violation of violations(schema, filled)) {
    problems.push(toProblem(violation, positions, registries, names, files));
  }
  if (problems.length > 0 || !model || !dataset) throw problemsError(problems, files);

  const { $schema: _, ...config } = filled as unknown as Config & { $schema?: string };
  problems.push(
    ...crossChecks(config, model, positions),
    ...ownChecks(model, dataset, config, positions),
    ...labelChecks(model, dataset, config, positions, registries.datasets),
  );
  if (problems.length > 0) throw problemsError(problems, files);
  const whole = complete(config, model, dataset);
  const notes = [...notesOn(config, positions, model), ...pytorchVaeNotes(whole, positions, model)];
  return { config: whole, notes, positions, model, dataset };
}

function chooseByName<T>(
  section: unknown,
  path: string,
  registry: Registry<T>,
  positions: Positions,
  nearest: (name: string, names: readonly string[]) => string,
  fallback: string | undefined,
): { found?: T | undefined; problem?: Problem } {
  if (section !== undefined && !isObject(section)) return {}; // the schema says so
  const name = section?.name ?? fallback;
  const found = typeof name === "string" ? registry.get(name) : undefined;
  if (found) return { found };
  const names = registry.names();
  const near = typeof name === "string" ? nearest(name, names) : "";
  const message = withRemedy(`expected one of ${names.join(", ")}, got ${show(name)}`, near);
  const at: Path = [path, "name"];
  const place = positions.has(at) ? positions.value(at) : positions.key([path]);
  return { problem: { path: at, message, place } };
}

/** What to say of a model's name that is none. */
export const nearModel =
  ({ models }: Registries) =>
  (name: string, names: readonly string[]): string => {
    const others = Object.fromEntries(names.map((n) => [n, models.get(n)?.knownAs ?? []]));
    return didYouMean(name, names, others);
  };

function toProblem(
  violation: Violation,
  positions: Positions,
  registries: Registries,
  names: { readonly model: string | undefined; readonly dataset: string | undefined },
  files: readonly string[],
): Problem {
  const { path } = violation;
  if (violation.kind === "unknown") {
    const message = unknownKey(path, violation.known, registries, names) + inherited(path, positions, files);
    return { path, message, place: positions.key(path) };
  }
  const place = violation.kind === "missing" ? positions.key(path) : positions.value(path);
  return { path, message: violation.message, place };
}

/** A remedy for a key that a base file gives to another model or data set than the one chosen over it. */
function inherited(path: Path, positions: Positions, files: readonly string[]): string {
  const [section, key] = path;
  const name = [section!, "name"];
  const named = section === "model_params" || section === "data_params";
  if (!named || path.length !== 2 || !positions.has(name)) return "";
  const chosen = positions.value(name);
  const rank = (source: string) => files.indexOf(source); // -1: --set, over all files
  if (rank(chosen.source) >= rank(positions.key(path).source)) return "";
  return ` ${formatPlace(chosen)} chose the name: take the key away there with ${key}: null.`;
}

/** What the model and the data set themselves find wrong with their parameters. */
function ownChecks(
  model: ModelDefinition,
  dataset: DatasetDefinition,
  config: Config,
  positions: Positions,
): Problem[] {
  const { name: _, ...params } = config.model_params;
  const found = (section: string, check: () => void): Problem[] => {
    try {
      check();
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { path, rest } = leadingPath(error.message) ?? { path: [section], rest: error.message };
      return [{ path, message: rest, place: positions.value(path) }];
    }
  };
  return [
    ...found("model_params", () => model.check?.(params as never, givenBy(config, dataset))),
    ...found("data_params", () => dataset.check?.(config.data_params as never)),
  ];
}

/** Whether a model that needs labels gets some, as far as that is known before the data are opened. */
function labelChecks(
  { name, needsLabels }: ModelDefinition,
  dataset: DatasetDefinition,
  { data_params }: Config,
  positions: Positions,
  datasets: Registry<DatasetDefinition>,
): Problem[] {
  if (!needsLabels || !dataset.isUnlabelled?.(data_params)) return [];
  const others = datasets.names().filter((other) => datasets.get(other)?.isUnlabelled === undefined);
  const own = dataset.labelRemedy === undefined ? "" : `; or --set ${dataset.labelRemedy}`;
  const path = ["data_params", "name"];
  const message = `expected data with labels for ${name}, got none. Take others, such as ${others.join(", ")}${own}.`;
  return [{ path, message, place: positions.value(path) }];
}
