import { type Static, Type } from "typebox";
import { secondStage } from "../models/blocks/second_stage.ts";
import { logPriorRatio } from "../models/losses/importance.ts";
import { type Param, Scope } from "../nn/params.ts";
import { Rng } from "../rng.ts";
import { type Scalar, type Tensor1D, type Tensor2D, tf } from "../tf.ts";
import { defineDensity } from "./define.ts";
import { disposeParams, eachRow, minimize, notesOf, restore, stateOf, TrainOptions } from "./minimize.ts";
import { type Scaling, scalingFrom, scalingTo } from "./scaling.ts";

const Options = Type.Object({
  layers: Type.Integer({ minimum: 1, maximum: 16, default: 2, description: "hidden layers of a network" }),
  width: Type.Integer({ minimum: 1, maximum: 8192, default: 256, description: "units of a hidden layer" }),
  ...TrainOptions,
});

/** Draws of u an image by which `logProb` bounds log p(z). */
const DRAWS = 64;

/**
 * The second stage of Dai and Wipf (arXiv 1903.05789, section 4): a VAE on z (`secondStage`). Samples have its noise. z is
 * scaled to mean 0 and variance 1 before it, which the paper doesn't do.
 */
export default defineDensity({
  name: "two_stage",
  knownAs: ["second_stage", "two_stage_vae", "TwoStageVAESampler"],
  summary: "a second VAE, of z",
  options: Options,
  async fit(codes, heldOut, options, args) {
    const net = build(codes.dims, options, args.rng.fold("weights"), scalingTo(codes));
    try {
      const loss = (z: Tensor2D, rng: Rng) => tf.neg(tf.mean(net.logWeights(z, rng))) as Scalar;
      const { epoch } = await minimize(net.params, loss, codes, heldOut, options, args);
      const state = new Map([...net.scale.state, ...stateOf(net.params)]);
      return { state, numbers: { epochs: epoch, gamma: net.gamma() }, notes: notesOf(epoch) };
    } finally {
      net.dispose();
    }
  },
  open(state, dims, options) {
    const net = build(dims, options, Rng.fromSeed(0), scalingFrom(state));
    restore(net.params, state);
    return {
      sample: (count, rng) => tf.tidy(() => net.sample(count, rng)),
      logProb: (z, rng) =>
        eachRow(z, dims, (rows, at) => {
          const draws = Array.from({ length: DRAWS }, (_, k) => net.logWeights(rows, rng.fold(at).fold(k)));
          return tf.sub(tf.logSumExp(tf.stack(draws), 0), Math.log(DRAWS));
        }),
      dispose: net.dispose,
    };
  },
});

function build(dims: number, { layers, width }: Static<typeof Options>, rng: Rng, scale: Scaling) {
  const params = new Map<string, Param>();
  const stage = secondStage(new Scope(params, rng, "pytorch"), dims, Array<number>(layers).fill(width));
  return {
    params,
    scale,
    /** In units of the scaled z. */
    gamma: () => Math.exp(stage.logGamma.dataSync()[0]!),
    /** log p(z | u) p(u) / q(u | z) for one draw of u, [B]: its mean is the ELBO of z in nats. */
    logWeights(rows: Tensor2D, stream: Rng): Tensor1D {
      const { u, noise, logVar, logDensity } = stage.forward(scale.apply(rows), stream);
      return tf.add(tf.add(logDensity, logPriorRatio(u, noise, logVar)), scale.logDet);
    },
    sample: (count: number, stream: Rng): Tensor2D => scale.undo(stage.sample(count, stream)),
    dispose() {
      disposeParams(params);
      scale.dispose();
    },
  };
}
