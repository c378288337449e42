import type { Path, Positions } from "../../config/positions.ts";
import { type Problem, withRemedy } from "../../config/problems.ts";
import { violations } from "../../config/violations.ts";
import { didYouMean } from "../../text/suggest.ts";
import { EXPERIMENT_SCHEMA, type ExperimentFile } from "./schema.ts";

/** What the experiment says of each run, where one of its configs may not. */
const TAKEN: readonly (readonly [Path, string])[] = [
  [["exp_params", "manual_seed"], "seeds"],
  [["trainer_params", "max_steps"], "steps"],
  [["trainer_params", "max_epochs"], "steps"],
  [["trainer_params", "early_stopping"], "steps"],
  [["logging_params", "save_dir"], "name, or --out"],
  [["logging_params", "name"], "runs"],
];

/** What is wrong with the experiment's own keys. */
export function problemsOf(plain: ExperimentFile, positions: Positions): Problem[] {
  const problems: Problem[] = violations(EXPERIMENT_SCHEMA, plain).map((violation) => {
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
  problems.push(...partProblems(plain, positions));
  const configs = [["shared"], ...Object.keys(plain.runs ?? {}).map((run) => ["runs", run])];
  for (const [key, says] of TAKEN) {
    const places = [
      ...configs.map((config) => [...config, ...key]),
      ...rangePaths(plain).filter((path) => path.at(-1) === key.join(".")),
    ].filter((path) => positions.has(path));
    for (const path of places) {
      const fact = `expected none in an experiment, whose ${says} say${says.endsWith("s") ? "" : "s"} it`;
      problems.push({ path, place: positions.key(path), message: withRemedy(fact, " Remove it.") });
    }
  }
  for (const path of rangePaths(plain).filter(([part]) => part === "search")) {
    const key = String(path.at(-1));
    const at = (fact: string, remedy: string) =>
      problems.push({ path, place: positions.key(path), message: withRemedy(fact, remedy) });
    if (["exp_params", "trainer_params", "logging_params"].includes(key))
      at("expected one key of this section", ` Write it dotted: ${key}.KEY.`);
    if (OF_THE_DATA.test(key))
      at("expected no key that changes which images a run is judged by", " Make it a run of its own.");
  }
  return problems;
}

/** Keys of the data that two settings may not differ in, to be compared by its images. */
const OF_THE_DATA = /^data_params(?!\.(train_batch_size|horizontal_flip|train_limit|shuffle|num_workers)$)/;

/** Paths of all ranges of the file. */
const rangePaths = ({ sweep, search }: ExperimentFile): Path[] => [
  ...Object.keys(sweep?.ranges ?? {}).map((key) => ["sweep", "ranges", key]),
  ...Object.keys(search?.shared ?? {}).map((key) => ["search", "shared", key]),
  ...Object.entries(search?.runs ?? {}).flatMap(([run, ranges]) =>
    Object.keys(ranges).map((key) => ["search", "runs", run, key]),
  ),
];

type Networks = NonNullable<ExperimentFile["evaluation"]>["network"];

/** Each network that judges, and where it stands. */
export const judgesOf = (given: Networks) =>
  [given].flat().map((one, i) => ({
    path: ["evaluation", "network", ...(Array.isArray(given) ? [i] : [])] satisfies Path,
    network: typeof one === "string" ? { name: one } : one,
  }));

/** Which of the file's parts are missing, or are there beside one that they don't go with. */
function partProblems(
  { runs, search, seeds, sweep, steps, epochs, evaluation }: ExperimentFile,
  positions: Positions,
): Problem[] {
  const problems: Problem[] = [];
  const at = (path: Path, message: string) => problems.push({ path, place: positions.key(path), message });
  if (runs === undefined && sweep === undefined)
    at(["runs"], "expected runs, each a config, or sweep with ranges of values, got neither");
  if (runs !== undefined && sweep !== undefined)
    at(["sweep"], "expected either runs, each written out, or sweep, which makes them, got both. Remove one");
  if (runs !== undefined && Object.keys(runs).length === 0)
    problems.push({
      path: ["runs"],
      place: positions.value(["runs"]),
      message: "expected a run or more, got an empty map",
    });
  if (sweep !== undefined && Object.keys(sweep.ranges).length === 0)
    at(
      ["sweep", "ranges"],
      "expected a key with its values, such as exp_params.LR: [0.001, 0.003], got none",
    );
  if (steps === undefined && (epochs === undefined || sweep === undefined))
    at(["steps"], `expected an integer ≥ 1${sweep === undefined ? "" : ", or epochs"}, got nothing`);
  if (epochs !== undefined && (steps !== undefined || sweep === undefined))
    at(["epochs"], "expected steps alone, got epochs too. Remove it");
  if (epochs !== undefined && sweep?.halving !== undefined)
    at(["epochs"], "expected steps, which sweep.halving counts in, got epochs. Give steps");
  if (runs !== undefined && evaluation === undefined)
    at(["evaluation"], "expected {metrics}, what is compared, got nothing");
  if (search !== undefined && runs === undefined)
    at(["search"], "expected none in a sweep, which is one. Remove it");
  if (search !== undefined && seeds.includes(search.seed))
    at(
      ["search", "seed"],
      `expected another than the seeds ${seeds.join(", ")}, which a setting is not to be chosen by, got ${search.seed}. Change either`,
    );
  for (const run of Object.keys(search?.runs ?? {}).filter((run) => !Object.hasOwn(runs ?? {}, run))) {
    const names = Object.keys(runs ?? {});
    at(
      ["search", "runs", run],
      `expected one of the experiment's runs, ${names.join(", ")}, got "${run}".${didYouMean(run, names)}`,
    );
  }
  const judges = evaluation === undefined ? [] : judgesOf(evaluation.network);
  for (const [i, { path, network }] of judges.entries())
    if (judges.findIndex(({ network: { name } }) => name === network.name) < i)
      problems.push({
        path,
        place: positions.value(path),
        message: `expected another network than those before, since names of numbers have its name, got ${network.name} again. Remove it`,
      });
  if (sweep !== undefined && evaluation !== undefined)
    at(
      ["evaluation"],
      "expected none in a sweep, which compares by validation. Remove it; vae evaluate is for the best run",
    );
  return problems;
}
