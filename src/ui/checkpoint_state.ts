import { parseRunState, type RunState } from "../experiment/runs/run_state.ts";
import { readRange, withFile } from "./inside.ts";

/** A header of more bytes is none of ours. */
const MOST_HEADER = 16 << 20;

/**
 * Where the checkpoint `file` stands, from its header: the weights stay unread, and unchecked. undefined where there is
 * none, or it is no checkpoint.
 */
export const checkpointState = (root: string, file: string): Promise<RunState | undefined> =>
  withFile(root, file, async (handle) => {
    const length = Number((await readRange(handle, 0, 8)).readBigUInt64LE());
    if (length > MOST_HEADER) return undefined;
    const header = JSON.parse((await readRange(handle, 8, 8 + length)).toString("utf8"));
    const state: unknown = header.__metadata__?.state;
    return typeof state === "string" ? parseRunState(state) : undefined;
  });
