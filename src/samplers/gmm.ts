import { Type } from "typebox";
import { UserError } from "../errors.ts";
import { tf } from "../tf.ts";
import { drawCodes } from "./codes.ts";
import { defineDensity, type State } from "./define.ts";
import {
  expectationMaximization,
  type Factored,
  factored,
  logDensity,
  mixtureOf,
} from "./gaussian_mixture.ts";
import { kMeans } from "./k_means.ts";

const Options = Type.Object({
  components: Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: "Gaussians" }),
  iterations: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 200,
    description: "rounds of EM at most",
  }),
  regularization: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1e-6,
    description: "added to the variances, for them to stay above 0",
  }),
});

/** @throws UserError where doubles don't hold the mixture, as of a model that has diverged */
function fitted(
  ...args: Parameters<typeof expectationMaximization>
): ReturnType<typeof expectationMaximization> {
  try {
    return expectationMaximization(...args);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [z] = args;
    let largest = 0;
    for (let i = 0; i < z.length; i++) largest = Math.max(largest, Math.abs(z[i]!));
    throw new UserError(
      `--sampler gmm: expected z that Gaussians can be fitted to, got numbers up to ${largest.toPrecision(3)}: ${error.message}. ` +
        "Has the model diverged? Take another checkpoint, or raise --regularization.",
      { cause: error },
    );
  }
}

/** Mean log-likelihood by which a round must raise it at least, in nats. */
const TOLERANCE = 1e-3;

/**
 * A mixture of Gaussians with full covariances, fitted to one draw of z an image by expectation maximization from k-means
 * (as Ghosh et al., "From variational to deterministic autoencoders", arXiv 1903.12436, section 4, fit it to codes).
 */
export default defineDensity({
  name: "gmm",
  knownAs: ["gaussian_mixture", "mixture", "GaussianMixtureSampler"],
  summary: "a mixture of Gaussians with full covariances",
  options: Options,
  maxDims: 1024,
  fit(codes, _, { components, iterations: maxIterations, regularization }, { rng, progress }) {
    const { count, dims } = codes;
    if (count < components)
      throw new UserError(
        `--components: expected at most ${count}, the codes that there are to fit to, got ${components}. Lower it, or ` +
          "take more images.",
      );
    const z = drawCodes(codes, rng.fold("draw"));
    const clusters = kMeans(z, dims, components, rng.fold("k-means"));
    const hard = new Float64Array(count * components);
    clusters.forEach((cluster, n) => {
      hard[n * components + cluster] = 1;
    });
    const options = {
      regularization: Math.max(regularization, SMALLEST),
      tolerance: TOLERANCE,
      maxIterations,
    };
    const initial = mixtureOf(z, dims, hard, options.regularization);
    const found = fitted(z, initial, { ...options, ...(progress && { progress }) });
    const numbers = numbersOfMixture(components, dims);
    const total = logDensity(found.mixture, z).reduce((a, b) => a + b);
    return {
      state: stateOf(found.mixture),
      numbers: { iterations: found.iterations, bic: numbers * Math.log(count) - 2 * total },
      notes: [
        ...(found.converged ? [] : [`not converged after ${maxIterations} rounds: raise --iterations`]),
        ...(count < numbers
          ? [
              `${numbers} numbers were fitted to ${count} codes: lower --components, or raise --max-images, if what is held out is less likely`,
            ]
          : []),
      ],
    };
  },
  open(state, dims) {
    const mixture = mixtureFrom(state, dims);
    return {
      sample: (count, rng) => {
        const u = rng.fold("component").uniformArray(count);
        return tf.tensor2d(drawMixture(mixture, count, u, rng), [count, dims]);
      },
      logProb: (z) => logDensity(mixture, z),
      dispose() {},
    };
  },
});

/** Variances below it are rounding. */
const SMALLEST = 1e-12;

/** Free numbers of a mixture: weights, means, covariances. */
export const numbersOfMixture = (k: number, dims: number): number =>
  k - 1 + k * dims + (k * dims * (dims + 1)) / 2;

function stateOf({ dims, weights, means, covariances }: Factored): State {
  const k = weights.length;
  return new Map([
    ["weights", { shape: [k], data: weights }],
    ["means", { shape: [k, dims], data: means }],
    ["covariances", { shape: [k, dims, dims], data: covariances }],
  ]);
}

function mixtureFrom(state: State, dims: number): Factored {
  const of = (name: string) => Float64Array.from(state.get(name)!.data);
  return factored({ dims, weights: of("weights"), means: of("means"), covariances: of("covariances") });
}

/** mu_k + L_k e of the component that `u`, in [0, 1), falls to. */
function drawMixture(
  { dims, weights, means, lower }: Factored,
  count: number,
  u: Float32Array,
  rng: { normalArray(count: number): Float32Array },
): Float32Array {
  const noise = rng.normalArray(count * dims);
  const out = new Float32Array(count * dims);
  for (let n = 0; n < count; n++) {
    let [k, left] = [0, u[n]!];
    while (k < weights.length - 1 && left >= weights[k]!) left -= weights[k++]!;
    for (let i = 0; i < dims; i++) {
      let value = means[k * dims + i]!;
      for (let j = 0; j <= i; j++) value += lower[(k * dims + i) * dims + j]! * noise[n * dims + j]!;
      out[n * dims + i] = value;
    }
  }
  return out;
}
