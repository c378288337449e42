import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runFiles } from "../runs/run_files.ts";
import { readMetrics } from "../runs/summary.ts";
import { placeOf, trainedFolder } from "./member.ts";
import type { Member } from "./members.ts";

/** What a member's own folder tells of it: nothing else is kept anywhere. */
export interface Result {
  /** Of its run; undefined: there is none with a checkpoint. */
  readonly folder: string | undefined;
  readonly step: number;
  readonly complete: boolean;
  /** Its validations, in order; names with `val/`. */
  readonly validations: readonly {
    readonly step: number;
    readonly values: Readonly<Record<string, number>>;
  }[];
  /** The error that ended its last process, where one did. */
  readonly failure: string | undefined;
}

/** Folder of a member's runs, where its config and what its processes said lie. */
export const memberFolder = ({ config }: Member): string =>
  join(config.logging_params.save_dir, config.logging_params.name!);

export async function resultOf(member: Member): Promise<Result> {
  const folder = trainedFolder(member);
  if (folder === undefined) return { folder, step: 0, complete: false, validations: [], failure: undefined };
  const place = await placeOf(member, folder);
  return {
    folder,
    ...place,
    validations: validationsIn(folder, place.step),
    failure: place.complete ? undefined : failureIn(folder),
  };
}

/** A metric at its last validation, or at that of a step; undefined: there is no such. */
export function metricAt({ validations }: Result, metric: string, step?: number): number | undefined {
  const found = validations.findLast(
    (v) => (step === undefined || v.step === step) && v.values[metric] !== undefined,
  );
  return found?.values[metric];
}

/** Of the steps up to the last checkpoint: those after it are trained, and validated, again. */
function validationsIn(folder: string, until: number): Result["validations"] {
  return readMetrics(folder).flatMap(({ step, ...values }) => {
    const own = Object.entries(values).filter(([name]) => name.startsWith("val/"));
    return own.length > 0 && step! <= until ? [{ step: step!, values: Object.fromEntries(own) }] : [];
  });
}

/** The error that ended a member's last process, where one did. */
export function failureOf(member: Member): string | undefined {
  const folder = trainedFolder(member);
  return folder === undefined ? undefined : failureIn(folder);
}

function failureIn(folder: string): string | undefined {
  try {
    return readFileSync(runFiles(folder).failure, "utf8").trim().split("\n")[0];
  } catch {
    return undefined;
  }
}
