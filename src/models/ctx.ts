import type { Rng } from "../rng.ts";
import { type Tensor, tf } from "../tf.ts";
import type { Ctx } from "./vae.ts";

/** A context at a known step. */
export function newCtx(args: {
  training: boolean;
  step?: number;
  rng: Rng;
  labels?: Tensor | undefined;
}): Ctx {
  const { training, step = 0, rng, labels } = args;
  const schedule: Ctx["schedule"] = (value) => tf.scalar(value(step));
  return { training, step, rng, schedule, idle: new Set(), ...(labels !== undefined && { labels }) };
}

/** `ctx` with other randomness. A copy by spreading would read the step, and a loss that reads it can't be compiled. */
export const withRng = (ctx: Ctx, rng: Rng): Ctx =>
  Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(ctx), rng: { value: rng, enumerable: true } },
  ) as Ctx;
