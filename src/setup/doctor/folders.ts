import { UserError } from "../../errors.ts";
import { cachePlace, isWritable, namedCache } from "../../files/cache_dir.ts";
import { type Check, missing, note, ok } from "./check.ts";

/** The runs' folder where nothing else is said. */
const RUNS = "logs";

/** Whether what a run writes can be written: packed data, and the run itself. */
export function folderChecks(): Check[] {
  return [cacheCheck(), runsCheck()];
}

function cacheCheck(): Check {
  const name = "cache";
  const named = "name a folder to write to in TFJS_VAE_CACHE";
  try {
    const { folder, instead } = cachePlace("data");
    if (instead !== undefined)
      return note(name, `${instead}; ${folder} is used, which the system may empty`, named);
    if (namedCache() === undefined || isWritable(folder)) return ok(name, folder);
    return missing(
      name,
      `TFJS_VAE_CACHE names ${namedCache()}, which can't be written`,
      "correct or unset it",
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return missing(name, error.message, named);
  }
}

function runsCheck(): Check {
  const text = `${RUNS}/ in the current folder, ${process.cwd()}`;
  if (isWritable(RUNS)) return ok("runs", text);
  return note(
    "runs",
    `${text}, can't be written`,
    "--set logging_params.save_dir=FOLDER, or another current folder",
  );
}
