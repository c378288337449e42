import { type Static, Type } from "typebox";
import { constant } from "../nn/init.ts";
import { linear } from "../nn/linear.ts";
import { type Layer, newPass, type Param, Scope } from "../nn/params.ts";
import { Rng } from "../rng.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from "../tf.ts";
import { defineDensity } from "./define.ts";
import { disposeParams, eachRow, minimize, restore, stateOf, TrainOptions } from "./minimize.ts";
import { type Scaling, scalingFrom, scalingTo } from "./scaling.ts";

const Options = Type.Object({
  layers: Type.Integer({ minimum: 1, maximum: 16, default: 2, description: "hidden layers of a network" }),
  width: Type.Integer({ minimum: 1, maximum: 8192, default: 256, description: "units of a hidden layer" }),
  ...TrainOptions,
});

/** Draws of u an image by which `logProb` bounds log p(z). */
const DRAWS = 64;
const LOG_2_PI = Math.log(2 * Math.PI);

/**
 * The second stage of Dai and Wipf, "Diagnosing and enhancing VAE models" (arXiv 1903.05789, section 4): a VAE on z with
 * as many latent dimensions u, p(z | u) a Gaussian around the decoder's output with one standard deviation gamma that is
 * learned. Each network sees its input again before its last layer, as in the paper's. Samples have gamma's noise. z is
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
      return { state, numbers: { epochs: epoch, gamma: net.gamma() } };
    } finally {
      net.dispose();
    }
  },
  open(state, dims, options) {
    const net = build(dims, options, Rng.fromSeed(0), scalingFrom(state));
    restore(net.params, state);
    return {
      sample: (count, rng) => tf.tidy(() => net.sample(count, rng).dataSync() as Float32Array),
      logProb: (z, rng) =>
        eachRow(z, dims, (rows, at) => {
          const draws = Array.from({ length: DRAWS }, (_, k) => net.logWeights(rows, rng.fold(at).fold(k)));
          return tf.sub(tf.logSumExp(tf.stack(draws), 0), Math.log(DRAWS));
        }),
      dispose: net.dispose,
    };
  },
});

function build(dims: number, o: Static<typeof Options>, rng: Rng, scale: Scaling) {
  const params = new Map<string, Param>();
  const scope = new Scope(params, rng, "pytorch");
  const encoder = network(scope.at("encoder"), dims, 2 * dims, o);
  const decoder = network(scope.at("decoder"), dims, dims, o);
  const logGamma = scope.declare("log_gamma", [], constant(0)).value as unknown as Scalar;
  return {
    params,
    scale,
    /** In units of the scaled z. */
    gamma: () => Math.exp(logGamma.dataSync()[0]!),
    /** log p(z | u) p(u) / q(u | z) for one draw of u, [B]: its mean is the ELBO of z in nats. */
    logWeights(rows: Tensor2D, stream: Rng): Tensor1D {
      const z = scale.apply(rows);
      const [mean, logVar] = tf.split(encoder(z), 2, 1) as [Tensor2D, Tensor2D];
      const noise = stream.fold("posterior").normal<Tensor2D>(mean.shape);
      const u = tf.add<Tensor2D>(mean, tf.mul(tf.exp(tf.mul(0.5, logVar)), noise));
      const error = tf.div(tf.sub(z, decoder(u)), tf.exp(logGamma));
      const logDecoder = tf.sub(
        tf.mul(-0.5, tf.sum(tf.square(error), 1)),
        tf.mul(dims, tf.add(logGamma, LOG_2_PI / 2)),
      );
      // log p(u) - log q(u | z), the constants of both the same
      const ratio = tf.mul(0.5, tf.sum(tf.add(tf.sub(tf.square(noise), tf.square(u)), logVar), 1));
      return tf.add(tf.add(logDecoder, ratio), scale.logDet);
    },
    sample(count: number, stream: Rng): Tensor2D {
      const u = stream.fold("u").normal<Tensor2D>([count, dims]);
      const noise = stream.fold("z").normal<Tensor2D>([count, dims]);
      return scale.undo(tf.add(decoder(u), tf.mul(tf.exp(logGamma), noise)));
    },
    dispose() {
      disposeParams(params);
      scale.dispose();
    },
  };
}

/** A multi-layer perceptron with ReLUs, [B, inputs] -> [B, outputs], whose last layer sees the input again. */
function network(
  scope: Scope,
  inputs: number,
  outputs: number,
  { layers, width }: { readonly layers: number; readonly width: number },
): (x: Tensor2D) => Tensor2D {
  const still = newPass(false);
  const hidden: Layer[] = Array.from({ length: layers }, (_, i) =>
    linear(scope.at(`hidden.${i}`), i === 0 ? inputs : width, width),
  );
  const last = linear(scope.at("out"), width + inputs, outputs);
  return (x) => {
    const h = hidden.reduce<Tensor>((y, layer) => tf.relu(layer(y, still)), x);
    return last(tf.concat([h, x], 1), still) as Tensor2D;
  };
}
