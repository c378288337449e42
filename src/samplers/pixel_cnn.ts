import { type Static, Type } from "typebox";
import { type Param, Scope } from "../nn/params.ts";
import { Rng } from "../rng.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { causalConvolutions } from "./causal_convolutions.ts";
import { type CodeGrids, defineGridSampler } from "./define.ts";
import { disposeParams, eachRow, minimize, notesOf, restore, stateOf, TrainOptions } from "./minimize.ts";

const Options = Type.Object({
  layers: Type.Integer({ minimum: 1, maximum: 16, default: 6, description: "hidden layers of a network" }),
  width: Type.Integer({ minimum: 1, maximum: 8192, default: 64, description: "units of a hidden layer" }),
  ...TrainOptions,
  epochs: Type.Integer({ ...TrainOptions.epochs, default: 10 }),
  batch_size: Type.Integer({ ...TrainOptions.batch_size, default: 32 }),
  patience: Type.Integer({ ...TrainOptions.patience, default: 3 }),
});

/** Grids at a time, where none is trained. */
const ROWS = 64;

/**
 * A PixelCNN over grids of codes, which a VQ-VAE's samples are drawn from (van den Oord et al., "Neural discrete representation
 * learning", arXiv 1711.00937, 3.3), trained by maximum likelihood.
 */
export default defineGridSampler({
  name: "pixel_cnn",
  knownAs: ["pixelcnn", "PixelCNNSampler", "gated_pixel_cnn", "autoregressive"],
  summary: "a gated PixelCNN over the grids of codes of a VQVAE",
  options: Options,
  async fit(grids, heldOut, options, args) {
    const net = build(grids, options, args.rng.fold("weights"));
    const dims = grids.shape[0] * grids.shape[1];
    const points = {
      count: grids.count,
      dims,
      mean: Float32Array.from(grids.data),
      logVar: new Float32Array(grids.data.length).fill(-Infinity),
    };
    try {
      const nats = (rows: Tensor) => tf.neg(tf.mean(net.logProb(rows))) as Scalar;
      const train = { ...options, rows: ROWS };
      const { epoch } = await minimize(net.params, nats, points, Float32Array.from(heldOut), train, args);
      return { state: stateOf(net.params), numbers: { epochs: epoch }, notes: notesOf(epoch) };
    } finally {
      disposeParams(net.params);
    }
  },
  open(state, kind, options) {
    const net = build(kind, options, Rng.fromSeed(0));
    restore(net.params, state);
    return {
      sample: net.sample,
      logProb: (grids) => eachRow(Float32Array.from(grids), kind.shape[0] * kind.shape[1], net.logProb, ROWS),
      dispose: () => disposeParams(net.params),
    };
  },
});

function build(
  { shape: [height, width], values }: Pick<CodeGrids, "shape" | "values">,
  o: Static<typeof Options>,
  rng: Rng,
) {
  const params = new Map<string, Param>();
  const net = causalConvolutions(new Scope(params, rng, "pytorch", "pixel_cnn"), { ...o, values });
  return {
    params,
    /** log p of grids, [B, h w] -> [B], in nats. */
    logProb(rows: Tensor): Tensor1D {
      const [batch] = rows.shape as [number];
      const codes = tf.reshape(tf.cast(rows, "int32"), [batch, height, width]);
      const logits = tf.reshape(net.logits(codes, net.above(codes)), [batch * height * width, values]);
      const truth = tf.oneHot(tf.reshape(codes, [codes.size]) as Tensor1D, values, 1, 0, "float32");
      const of = tf.sub(tf.sum(tf.mul(logits, truth), 1), tf.logSumExp(logits, 1));
      return tf.sum(tf.reshape(of, [batch, height * width]), 1);
    },
    /** Grids, [count, h, w], int32, a place after the other: of the rows above only those that a place depends on are looked at. */
    sample(count: number, rng: Rng): Tensor {
      const grids = new Int32Array(count * height * width);
      const rowsOf = (from: number, to: number) => {
        const part = new Int32Array(count * (to - from) * width);
        for (let n = 0; n < count; n++)
          part.set(
            grids.subarray((n * height + from) * width, (n * height + to) * width),
            n * (to - from) * width,
          );
        return tf.tensor(part, [count, to - from, width], "int32");
      };
      for (let i = 0; i < height; i++) {
        const from = Math.max(0, i - net.reach);
        const above = tf.tidy(() =>
          net
            .above(rowsOf(from, i + 1))
            .map((layer) => tf.slice(layer, [0, i - from, 0, 0], [-1, 1, -1, -1]) as Tensor4D),
        );
        for (let j = 0; j < width; j++) {
          const logits = tf.tidy(() => {
            const all = net.logits(rowsOf(i, i + 1), above);
            return tf.slice(all, [0, 0, j, 0], [-1, 1, 1, -1]).dataSync();
          });
          const u = rng.fold(i * width + j).uniformArray(count);
          for (let n = 0; n < count; n++)
            grids[(n * height + i) * width + j] = drawn(logits.subarray(n * values, (n + 1) * values), u[n]!);
        }
        tf.dispose(above);
      }
      return tf.tensor(grids, [count, height, width], "int32");
    },
  };
}

/** The place that `u`, in [0, 1), falls to of the probabilities that log-odds stand for. */
function drawn(logits: ArrayLike<number>, u: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < logits.length; k++) highest = Math.max(highest, logits[k]!);
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += Math.exp(logits[k]! - highest);
  let left = u * total;
  for (let k = 0; k < logits.length - 1; k++) {
    left -= Math.exp(logits[k]! - highest);
    if (left < 0) return k;
  }
  return logits.length - 1;
}
