import { csv } from "./csv.ts";
import type { LoggerDefinition, MemberNames } from "./define.ts";
import { jsonl } from "./jsonl.ts";
import { mlflow } from "./mlflow.ts";
import { tensorboard } from "./tensorboard.ts";

const definitions: readonly LoggerDefinition[] = [csv, tensorboard, jsonl, mlflow] as never;

/** Those of a run that names none. */
export const DEFAULT_LOGGERS: readonly string[] = [csv.name, tensorboard.name];

/** The loggers that `logging_params.loggers` may name, in the order of registration. */
export const loggerDefinitions = (): readonly LoggerDefinition[] => definitions;

/** An entry of `logging_params.loggers`: a name, or a name and settings. */
export type LoggerEntry = string | ({ readonly name: string } & Readonly<Record<string, unknown>>);

/** The definition and the settings of an entry that fits the schema. */
export function loggerOf(entry: LoggerEntry): {
  definition: LoggerDefinition;
  params: Record<string, unknown>;
} {
  const { name, ...params } = typeof entry === "string" ? { name: entry } : entry;
  const definition = definitions.find((d) => d.name === name);
  if (definition === undefined) throw new Error(`no logger "${name}"`);
  return { definition, params };
}

/** The entry as one of the trainings of an experiment or a sweep has it. */
export function loggerOfMember(entry: LoggerEntry, names: MemberNames): LoggerEntry {
  const { definition, params } = loggerOf(entry);
  return definition.ofMember === undefined
    ? entry
    : { name: definition.name, ...definition.ofMember(params, names) };
}
