import type { RankGroup } from "../../backends/ranks.ts";
import { type Leaf, leaves } from "../../config/leaves.ts";
import type { Config } from "../../config/schema.ts";
import { ConfigError, DataError } from "../../errors.ts";
import type { Variable } from "../../tf.ts";
import { tf } from "../../tf.ts";
import type { RunState } from "../runs/run_state.ts";
import type { Prepared } from "./prepared.ts";

/** What rank 0 tells the others before the first step. */
interface Told {
  readonly state: RunState;
  readonly settings: readonly (readonly [string, Leaf])[];
}

/** Settings that machines may have of their own. */
const OWN = ["data_params.data_path", "data_params.num_workers", "data_params.feature_cache"];

/**
 * Brings all ranks to where rank 0 starts: its parameters, optimizer state and place in the run, so that one machine needs to
 * have the checkpoints. Then rank 0's validations and checkpoints are waited for as long as the config says.
 *
 * @throws ConfigError, DataError on a rank with another config or other images
 */
export async function startTogether(
  ranks: RankGroup,
  { config, prepared }: { readonly config: Config; readonly prepared: Prepared },
  state: RunState,
): Promise<void> {
  const own = [...leaves(config)].filter(([key]) => !OWN.some((free) => key.startsWith(free)));
  const first = await fromFirst<Told>(ranks, { state, settings: own });
  checkSame(ranks, first, own, state);
  Object.assign(state, first.state);
  if (state.averagedFrom !== undefined) prepared.average?.goOn(state.averagedFrom);
  await shareVariables(ranks, variablesOf(prepared));
  ranks.syncBatchNorm = config.trainer_params.sync_batchnorm;
  ranks.timeout = config.trainer_params.rank_timeout;
}

/** @throws ConfigError, DataError */
function checkSame({ rank }: RankGroup, first: Told, own: Told["settings"], state: RunState): void {
  const theirs = new Map(first.settings);
  const [key, value] = own.find(([key, value]) => theirs.get(key) !== value) ?? [];
  const missing = first.settings.find(([key]) => !own.some(([name]) => name === key));
  const differs = key ?? missing?.[0];
  if (differs !== undefined)
    throw new ConfigError(
      `${differs}: expected ${theirs.get(differs) ?? "none"}, as rank 0 has, got ${value ?? "none"} on rank ${rank}. Give all ranks the same config.`,
    );
  const [a, b] = [first.state.data, state.data];
  for (const split of ["train", "val"] as const)
    if (a?.[split]?.sha256 !== b?.[split]?.sha256 || a?.[split]?.images !== b?.[split]?.images)
      throw new DataError(
        `data_params: expected the ${a?.[split]?.images} images (${split}) that rank 0 has, got ${b?.[split]?.images} others on rank ${rank}. Give all ranks the same data.`,
      );
}

/** `value` of rank 0, which JSON can hold, on all ranks. */
export async function fromFirst<T>(ranks: RankGroup, value: T): Promise<T> {
  const bytes = ranks.rank === 0 ? Buffer.from(JSON.stringify(value)) : Buffer.alloc(0);
  const [length] = (await ranks.fromFirst(Int32Array.of(bytes.length))) as unknown as [number];
  const words = 2 ** Math.ceil(Math.log2(Math.max(1024, length / 4))); // few sizes, each of which is a function
  const padded = new Int32Array(words);
  Buffer.from(padded.buffer).set(bytes);
  const found = await ranks.fromFirst(padded);
  const text = Buffer.from(found.buffer, found.byteOffset, length).toString();
  return JSON.parse(text) as T;
}

/** All that steps change. */
function variablesOf({ vae, optimizers, average }: Prepared): Variable[] {
  const state = [...optimizers.values()].flatMap((o) => [...o.state.values()]);
  return [...[...vae.params.values()].map((p) => p.value), ...state, ...(average?.state.values() ?? [])];
}

/** Gives all ranks rank 0's values, bit for bit. */
async function shareVariables(ranks: RankGroup, variables: readonly Variable[]): Promise<void> {
  const all = new Int32Array(variables.reduce((sum, v) => sum + v.size, 0));
  let at = 0;
  for (const v of variables) {
    const values = v.dataSync() as Float32Array;
    all.set(new Int32Array(values.buffer, values.byteOffset, values.length), at);
    at += v.size;
  }
  const found = await ranks.fromFirst(all);
  if (ranks.rank === 0) return;
  at = 0;
  for (const v of variables) {
    const values = new Float32Array(found.buffer, found.byteOffset + 4 * at, v.size).slice();
    tf.tidy(() => v.assign(tf.tensor(values, v.shape, "float32")));
    at += v.size;
  }
}
