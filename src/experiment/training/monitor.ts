import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Config } from "../../config/schema.ts";
import type { HostBatch } from "../../data/loader.ts";
import { ConfigError } from "../../errors.ts";
import { type Mode, modeOf } from "../../metrics/table.ts";
import { newCtx } from "../../models/ctx.ts";
import { didYouMean } from "../../text/suggest.ts";
import { tf } from "../../tf.ts";
import { configFile } from "../runs/config_history.ts";
import type { Best } from "../runs/run_state.ts";
import { withTensors } from "./batch.ts";
import { metricsOfFit } from "./fit_prior.ts";
import type { Prepared } from "./prepared.ts";
import { validate } from "./validate.ts";

/** The metric that chooses the best checkpoint, and which value of it is the better one. */
export interface Monitor {
  readonly monitor: string;
  readonly mode: Mode;
}

export function monitorOf({ trainer_params: { checkpoint } }: Config): Monitor {
  const { monitor, mode = modeOf(monitor) } = checkpoint;
  return { monitor, mode };
}

/** Whether `best` was chosen by the same. */
export const sameMonitor = (best: Best, { monitor, mode }: Monitor): boolean =>
  best.monitor === monitor && best.mode === mode;

/** Whether `value` is better than the best so far, by more than `byMore`; nothing is that is not finite. */
export const isBetter = (
  value: number,
  best: Pick<Best, "value"> | undefined,
  { mode }: Pick<Monitor, "mode">,
  byMore = 0,
): boolean =>
  Number.isFinite(value) &&
  (best === undefined || (mode === "min" ? value < best.value - byMore : value > best.value + byMore));

/**
 * What chose the best checkpoint of the run at `path`, where the checkpoint doesn't say: what its config does. Older
 * defaults were the lowest `val/total`.
 */
export function monitorOfRun(path: string): Monitor {
  const older: Monitor = { monitor: "val/total", mode: "min" };
  try {
    const { trainer_params } = parse(readFileSync(configFile(path), "utf8")) as Config;
    const { monitor, mode } = { ...older, ...trainer_params.checkpoint };
    return { monitor, mode };
  } catch {
    return older; // no config that can be read
  }
}

/** Images that stand for the split where only the names of their metrics are asked for. */
const FEW = 4;

/**
 * Validates a few images as they are, to find the monitored metrics before anything is trained. What a loss always has
 * needs no look.
 *
 * @throws ConfigError where validation will not have one
 */
export async function checkMonitor(prepared: Prepared, config: Config): Promise<void> {
  const { early_stopping } = config.trainer_params;
  if (!validates(prepared, config)) {
    if (early_stopping === undefined) return;
    throw new ConfigError(
      "trainer_params.early_stopping: expected images for validation, got none. Remove it, or keep some.",
    );
  }
  const { val, weights, vae, rng: root, imageRange } = prepared;
  const always = ["objective", "total", ...Object.keys(weights(0))].map((name) => `val/${name}`);
  const asked = [
    ["checkpoint", monitorOf(config).monitor],
    ...(early_stopping?.monitor === undefined ? [] : [["early_stopping", early_stopping.monitor]]),
  ].filter(([, monitor]) => !always.includes(monitor!));
  if (asked.length === 0) return;
  const few = await val.spread(FEW);
  const rng = root.fold("monitor");
  const found = await validate({ ...prepared, rng }, once(few), 0, imageRange);
  const fitted = vae.fitPrior === undefined ? [] : priorMetrics(prepared, few);
  const names = [...Object.keys(found), ...fitted].map((name) => `val/${name}`);
  for (const [key, monitor] of asked) {
    if (names.includes(monitor!)) continue;
    throw new ConfigError(
      `trainer_params.${key}.monitor: expected one of ${names.join(", ")}, got "${monitor}".${didYouMean(monitor!, names)}`,
    );
  }
}

/** Whether there are metrics of validation at all. */
export const validates = ({ val }: Pick<Prepared, "val">, { trainer_params: trainer }: Config): boolean =>
  val.batchesPerEpoch > 0 && trainer.limit_val_batches !== 0;

/** Names of the metrics of a prior's fit, which changes nothing here. */
function priorMetrics({ vae, rng }: Prepared, few: HostBatch): string[] {
  return withTensors(few, ({ images, labels }) =>
    tf.tidy(() => {
      const { posterior } = vae.encode(images, newCtx({ training: false, rng: rng.fold("monitor"), labels }));
      return Object.keys(metricsOfFit(vae.fitPrior!([posterior])));
    }),
  );
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
