import { type Static, Type } from "typebox";
import { type AdamVariables, adamUpdate } from "../backends/adam.ts";
import type { Param } from "../nn/params.ts";
import { nextTurn } from "../process/turn.ts";
import type { Rng } from "../rng.ts";
import { type Scalar, type Tensor, type Tensor2D, tf, type Variable } from "../tf.ts";
import { drawCodes, type LatentCodes } from "./codes.ts";
import type { FitArgs, State } from "./define.ts";

/** Options of how a sampler's network is trained. */
export const TrainOptions = {
  epochs: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 40,
    description: "passes over the codes at most",
  }),
  batch_size: Type.Integer({ minimum: 1, maximum: 100_000, default: 256, description: "codes a step" }),
  learning_rate: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.002,
    description: "Adam's, at the beginning; it falls to 0 along a cosine",
  }),
  patience: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 10,
    description: "passes without a better loss of what is held out, after which it stops",
  }),
};

const Options = Type.Object(TrainOptions);

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];

/** The mean loss of rows z, [B, D]; what is random in it by `rng`. */
export type LossOf = (z: Tensor2D, rng: Rng) => Scalar;

/**
 * Trains `params` by Adam (arXiv 1412.6980) on new draws of the codes in every pass, and leaves them as they were after
 * the pass whose loss of `heldOut`, packed [n, D], was the lowest; returns that pass and its loss.
 */
export async function minimize(
  params: ReadonlyMap<string, Param>,
  lossOf: LossOf,
  codes: LatentCodes,
  heldOut: Float32Array,
  options: Static<typeof Options> & {
    /** Rows that are judged at a time. */
    readonly rows?: number;
  },
  { rng, progress }: FitArgs,
): Promise<{ epoch: number; loss: number }> {
  const { count, dims } = codes;
  const { epochs, batch_size: batch, learning_rate: rate, patience, rows = ROWS } = options;
  const adam = slotsOf(params);
  const judge = () =>
    meanOver(heldOut, dims, rows, (z, at) => lossOf(z, rng.fold("held out").fold(at)).dataSync()[0]!);
  let best = { epoch: 0, loss: judge(), state: stateOf(params) };
  let step = 0;
  try {
    for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
      const stream = rng.fold("epoch").fold(epoch);
      const z = drawCodes(codes, stream.fold("draw"));
      const order = stream.fold("order").permutation(count);
      const steps = Math.max(1, Math.floor(count / batch));
      for (let k = 0; k < steps; k++) {
        const places = order.subarray(k * batch, (k + 1) * batch);
        const progressed = (epoch - 1 + k / steps) / epochs;
        update(adam, () => lossOf(rowsOf(z, dims, places), stream.fold("loss").fold(k)), {
          rate: (rate / 2) * (1 + Math.cos(Math.PI * progressed)),
          step: ++step,
        });
      }
      const loss = judge();
      if (loss < best.loss) best = { epoch, loss, state: stateOf(params) };
      if (!Number.isFinite(loss)) break;
      progress?.(epoch, epochs);
      await nextTurn();
    }
  } finally {
    for (const { m, v } of adam.values()) tf.dispose([m, v]);
  }
  restore(params, best.state);
  return { epoch: best.epoch, loss: best.loss };
}

/** What a user should know of a fit whose best pass was this one. */
export const notesOf = (epoch: number): string[] =>
  epoch > 0
    ? []
    : ["no pass was better than none, and nothing was learned: lower --learning-rate, or take more images"];

/** The values of parameters, by name. */
export const stateOf = (params: ReadonlyMap<string, Param>): State =>
  new Map(
    [...params].map(([name, { value }]) => [
      name,
      { shape: value.shape, data: Float32Array.from(value.dataSync()) },
    ]),
  );

/** Puts them back. */
export function restore(params: ReadonlyMap<string, Param>, state: State): void {
  for (const [name, { value }] of params)
    tf.tidy(() => value.assign(tf.tensor(state.get(name)!.data as Float32Array, value.shape, "float32")));
}

export function disposeParams(params: ReadonlyMap<string, Param>): void {
  for (const { value } of params.values()) value.dispose();
}

/** Rows of z at a time, where none is trained. */
const ROWS = 1000;

/** The mean over all rows of `z`, packed [n, D], of what `of` gives as the mean of `rows`; `at` is the first one's place. */
function meanOver(
  z: Float32Array,
  dims: number,
  rows: number,
  of: (z: Tensor2D, at: number) => number,
): number {
  const count = z.length / dims;
  let sum = 0;
  for (let at = 0; at < count; at += rows) {
    const n = Math.min(rows, count - at);
    sum += n * tf.tidy(() => of(tf.tensor2d(z.subarray(at * dims, (at + n) * dims), [n, dims]), at));
  }
  return sum / count;
}

/** What `of` makes of all rows of `z`, some at a time: [B] each, one after the other. */
export function eachRow(
  z: Float32Array,
  dims: number,
  of: (z: Tensor2D, at: number) => Tensor,
  rows = ROWS,
): Float64Array {
  const out = new Float64Array(z.length / dims);
  for (let at = 0; at < out.length; at += rows) {
    const n = Math.min(rows, out.length - at);
    const some = z.subarray(at * dims, (at + n) * dims);
    out.set(
      tf.tidy(() => of(tf.tensor2d(some, [n, dims]), at).dataSync()),
      at,
    );
  }
  return out;
}

function rowsOf(z: Float32Array, dims: number, places: Int32Array): Tensor2D {
  const rows = new Float32Array(places.length * dims);
  places.forEach((place, n) => {
    rows.set(z.subarray(place * dims, (place + 1) * dims), n * dims);
  });
  return tf.tensor2d(rows, [places.length, dims]);
}

function slotsOf(params: ReadonlyMap<string, Param>): Map<string, AdamVariables> {
  const zeros = (p: Variable) => tf.tidy(() => tf.variable(tf.zerosLike(p), false));
  return new Map(
    [...params].map(([name, { value }]) => [name, { p: value, m: zeros(value), v: zeros(value) }]),
  );
}

function update(
  adam: ReadonlyMap<string, AdamVariables>,
  loss: () => Scalar,
  { rate, step }: { readonly rate: number; readonly step: number },
): void {
  tf.tidy(() => {
    const all = [...adam.values()];
    const { grads } = tf.variableGrads(
      loss,
      all.map(({ p }) => p),
    );
    const correction = Math.sqrt(1 - BETA_2 ** step);
    const scalars = {
      beta1: BETA_1,
      beta2: BETA_2,
      rate: tf.scalar((rate * correction) / (1 - BETA_1 ** step)),
      epsilon: tf.scalar(EPSILON * correction),
    };
    for (const variables of all) adamUpdate(variables, grads[variables.p.name]!, scalars);
  });
}
