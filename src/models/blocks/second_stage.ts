import { constant } from "../../nn/init.ts";
import { linear } from "../../nn/linear.ts";
import { type Layer, newPass, type Scope } from "../../nn/params.ts";
import type { Rng } from "../../rng.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from "../../tf.ts";

/** One pass of a second VAE over z. */
export interface SecondPass {
  readonly mean: Tensor2D; //   [B, D], as
  readonly logVar: Tensor2D; // of q(u | z),
  readonly noise: Tensor2D; //  and
  readonly u: Tensor2D; //      a draw of it
  /** log p(z | u) in nats, [B]. */
  readonly logDensity: Tensor1D;
}

/** A VAE of vectors z. */
export interface SecondStage {
  /** `rng` draws u. */
  forward(z: Tensor2D, rng: Rng): SecondPass;
  /** Draws of z, [count, D], with the decoder's noise. */
  sample(count: number, rng: Rng): Tensor2D;
  /** log of the decoder's standard deviation. */
  readonly logGamma: Scalar;
}

const HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * The second stage of Dai and Wipf, "Diagnosing and enhancing VAE models" (arXiv 1903.05789, section 4): a VAE on z with
 * as many latent dimensions u, p(z | u) a Gaussian around the decoder's output with one standard deviation gamma that is
 * learned. Each network sees its input again before its last layer, as in the paper's.
 *
 * @param widths units of each hidden layer of the encoder; the decoder mirrors them
 */
export function secondStage(scope: Scope, dims: number, widths: readonly number[]): SecondStage {
  const encoder = network(scope.at("encoder"), dims, 2 * dims, widths);
  const decoder = network(scope.at("decoder"), dims, dims, [...widths].reverse());
  const logGamma = scope.declare("log_gamma", [], constant(0)).value as unknown as Scalar;
  return {
    logGamma,
    forward(z, rng) {
      const [mean, logVar] = tf.split(encoder(z), 2, 1) as [Tensor2D, Tensor2D];
      const noise = rng.fold("posterior").perImage().normal<Tensor2D>(mean.shape);
      const u = tf.add<Tensor2D>(mean, tf.mul(tf.exp(tf.mul(0.5, logVar)), noise));
      const error = tf.div(tf.sub(z, decoder(u)), tf.exp(logGamma));
      const squares = tf.mul(-0.5, tf.sum(tf.square(error), 1));
      const logDensity = tf.sub<Tensor1D>(squares, tf.mul(dims, tf.add(logGamma, HALF_LOG_2_PI)));
      return { mean, logVar, noise, u, logDensity };
    },
    sample(count, rng) {
      const u = rng.fold("u").normal<Tensor2D>([count, dims]);
      const noise = rng.fold("z").normal<Tensor2D>([count, dims]);
      return tf.add(decoder(u), tf.mul(tf.exp(logGamma), noise));
    },
  };
}

/** A multi-layer perceptron with ReLUs, [B, inputs] -> [B, outputs], whose last layer sees the input again. */
function network(
  scope: Scope,
  inputs: number,
  outputs: number,
  widths: readonly number[],
): (x: Tensor2D) => Tensor2D {
  const still = newPass(false);
  const hidden: Layer[] = widths.map((width, i) =>
    linear(scope.at(`hidden.${i}`), i === 0 ? inputs : widths[i - 1]!, width),
  );
  const last = linear(scope.at("out"), widths.at(-1)! + inputs, outputs);
  return (x) => {
    const h = hidden.reduce<Tensor>((y, layer) => tf.relu(layer(y, still)), x);
    return last(tf.concat([h, x], 1), still) as Tensor2D;
  };
}
