import { hubRepo } from "../../hub/repo.ts";
import { hubSnapshot } from "../../hub/snapshot.ts";

/** What `vae push` writes of a run, and a reader of it needs: data alone, and no file that a config could name as a plugin. */
export const OF_A_RUN =
  /^(config\.yaml|metrics\.csv|evaluation\.json|(checkpoints|samplers)\/[^/]+\.safetensors)$/;

/** A path as it is; of `hf:OWNER/NAME` the folder in the user's cache with the run, got where it isn't there. */
export async function localRun(path: string): Promise<string> {
  const repo = hubRepo(path);
  if (repo === undefined) return path;
  return hubSnapshot(repo, {
    purpose: "run",
    wanted: (name) => OF_A_RUN.test(name),
    say: (text) => console.error(`note   ${text}`),
  });
}
