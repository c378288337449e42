import { ConfigError } from "../errors.ts";
import { formatPlace, type Place } from "./located.ts";
import { formatPath, type Path } from "./positions.ts";

/** One mistake in a config. */
export interface Problem {
  readonly place: Place;
  readonly path: Path;
  /** Expected, got, remedy. */
  readonly message: string;
}

/** `configs/mine.yaml:7:3 model_params.latent_dimm: unknown key. Did you mean "latent_dim"?` */
function formatProblem({ place, path, message }: Problem): string {
  const where = formatPlace(place);
  const name = formatPath(path);
  const told = name === "" || (/^--(set|sweep) /.test(where) && where.includes(` ${name}=`));
  return told ? `${where}: ${message}` : `${where} ${name}: ${message}`;
}

/** `fact`, and where there is one, a full stop and the remedy, which starts with a space. */
export function withRemedy(fact: string, remedy = ""): string {
  return remedy === "" ? fact : `${fact}.${remedy}`;
}

/** One error that lists all problems, sorted by place, with their count as its last line. */
export function problemsError(problems: readonly Problem[], files: readonly string[]): ConfigError {
  const order = (p: Problem) =>
    files.includes(p.place.source) ? files.indexOf(p.place.source) : files.length;
  const sorted = [...problems].sort(
    (a, b) =>
      order(a) - order(b) ||
      (a.place.line ?? 0) - (b.place.line ?? 0) ||
      (a.place.column ?? 0) - (b.place.column ?? 0),
  );
  const lines = [...new Set(sorted.map(formatProblem))];
  const count = lines.length === 1 ? "1 error" : `${lines.length} errors`;
  return new ConfigError(`${lines.join("\n")}\n${count} in ${files[0]}`);
}
