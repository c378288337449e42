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
