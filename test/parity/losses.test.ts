import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { drawGamma, rejectionCorrection } from "../../src/models/blocks/gamma_draw.ts";
import type { Gaussian } from "../../src/models/blocks/gaussian_head.ts";
import { drawCategories } from "../../src/models/blocks/gumbel.ts";
import { logLikelihoods } from "../../src/models/blocks/likelihood.ts";
import { placedIn, precisionWeighted, relativeTo } from "../../src/models/blocks/relative_gaussian.ts";
import { secondStage } from "../../src/models/blocks/second_stage.ts";
import { capacityGap } from "../../src/models/losses/capacity.ts";
import { klToUniform } from "../../src/models/losses/categorical.ts";
import { klOfGammas, logGammaDensity } from "../../src/models/losses/gamma_density.ts";
import { drawnKlToMixture, logGaussianMixture } from "../../src/models/losses/gaussian_density.ts";
import { importanceWeightedBound, logPriorRatio } from "../../src/models/losses/importance.ts";
import { klToUnitGaussian } from "../../src/models/losses/kl.ts";
import { klParts } from "../../src/models/losses/kl_parts.ts";
import { logCosh, logCoshNormalizer } from "../../src/models/losses/log_cosh.ts";
import { imqKernel, maximumMeanDiscrepancy, rbfKernel } from "../../src/models/losses/mmd.ts";
import { covariance, covarianceOfDraws, identityGaps } from "../../src/models/losses/moments.ts";
import { gaussianNegLogLikelihood } from "../../src/models/losses/reconstruction.ts";
import { slicedWasserstein } from "../../src/models/losses/sliced_wasserstein.ts";
import { digamma, logGamma } from "../../src/models/losses/special_functions.ts";
import { multiScaleSsim } from "../../src/models/losses/ssim.ts";
import type { Param, Scope } from "../../src/nn/params.ts";
import type { Rng } from "../../src/rng.ts";
import {
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { formula } from "../support/formula.ts";
import { type Probe, probeErrors } from "../support/probes.ts";

interface Case {
  readonly value: number;
  readonly grads: Readonly<Record<string, Probe>>;
}
/** Made by losses.py, in double precision. */
const golden = JSON.parse(readFileSync(new URL("losses.json", import.meta.url), "utf8"));
const [B, D] = [6, 3];
const [N, K] = [2, 4]; // categorical variables and their values
const TOTAL = 50;
const C = 2 * D;

/** Numbers in [-1, 1). */
const numbers = <T extends Tensor>(t: number, ...shape: number[]) =>
  tf.tensor(
    Float32Array.from(
      formula(
        shape.reduce((a, b) => a * b, 1),
        t,
      ),
      (u) => 2 * Math.fround(u) - 1,
    ),
    shape,
  ) as T;

/** Numbers in (0.1, 4). */
const positive = (t: number, ...shape: number[]): Tensor2D =>
  tf.add(2.05, tf.mul(1.95, numbers(t, ...shape)));

/** The largest error of a loss, as a share of 1 or of it, and of its gradients, as shares of their norms. */
function errorsOf(expected: Case, inputs: readonly Tensor[], loss: (...inputs: never[]) => Scalar) {
  const { value, grads } = tf.valueAndGrads(loss as (...inputs: Tensor[]) => Scalar)([...inputs]);
  const off = Math.abs(value.dataSync()[0]! - expected.value) / Math.max(0.1, Math.abs(expected.value));
  const slopes = Object.values(expected.grads).map((probe, i) => {
    const errors = probeErrors(grads[i]!.dataSync(), probe);
    return Math.max(errors.value, errors.whole);
  });
  return { value: off, gradient: Math.max(...slopes) };
}

function close(expected: Case, inputs: readonly Tensor[], loss: (...inputs: never[]) => Scalar, by = 2e-5) {
  const { value, gradient } = errorsOf(expected, inputs, loss);
  expect(value, "loss").toBeLessThan(by);
  expect(gradient, "gradient").toBeLessThan(5 * by);
}

describe.each(trainingBackends)("losses in float64 by other software, on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(["stratified", "weighted"] as const)("the parts of the KL, %s", (sampling) => {
    for (const part of ["mi", "tc", "dimensionKl"] as const)
      close(
        golden.kl_parts[sampling][part],
        [numbers(1, B, D), numbers(2, B, D), numbers(3, B, D)],
        (z: Tensor2D, mean: Tensor2D, logVar: Tensor2D) => klParts(z, mean, logVar, TOTAL, sampling)[part],
      );
  });

  it("the density of a mixture of Gaussians", () => {
    close(
      golden.mixture,
      [numbers(4, B, D), numbers(5, 4, D), numbers(6, 4, D)],
      (z: Tensor2D, mean: Tensor2D, logVar: Tensor2D) =>
        tf.sum<Scalar>(tf.mul(logGaussianMixture(z, mean, logVar), [1, 2, 3, 4, 5, 6])),
    );
  });

  it.each(["i", "ii"] as const)("the distance of a covariance from the identity, DIP-VAE-%s", (kind) => {
    for (const part of ["diagonal", "offDiagonal"] as const)
      close(
        golden.dip[kind][part],
        [numbers(7, B, D), numbers(8, B, D)].slice(0, kind === "i" ? 1 : 2),
        (mean: Tensor2D, logVar: Tensor2D) =>
          identityGaps(kind === "i" ? covariance(mean) : covarianceOfDraws(mean, logVar))[part],
      );
  });

  it.each([
    ["rbf", rbfKernel(C)],
    ["imq", imqKernel(C)],
  ] as const)("the maximum mean discrepancy by %s", (name, kernel) => {
    close(golden.mmd[name], [numbers(9, B, D)], (x: Tensor2D) =>
      maximumMeanDiscrepancy(x, numbers(10, B, D), kernel),
    );
  });

  it.each([1, 2, 1.5])("the sliced Wasserstein distance to the power %f", (p) => {
    const drawn = numbers<Tensor2D>(12, 5, D);
    const directions = tf.div<Tensor2D>(drawn, tf.norm(drawn, 2, 1, true));
    close(golden.sliced[p], [numbers(13, B, D)], (x: Tensor2D) =>
      slicedWasserstein(x, numbers(11, B, D), directions, p),
    );
  });

  it.each([0.5, 10, 100])("log cosh at a = %f, and its density's constant", (a) => {
    close(golden.log_cosh[a], [numbers(14, 40)], (t: Tensor) => tf.mean<Scalar>(logCosh(t, a)));
    expect(logCoshNormalizer(a)).toBeCloseTo(golden.log_cosh[a].normalizer, 6);
  });

  it.each([
    [64, 11],
    [28, 7],
    [15, 11],
  ])("1 - MS-SSIM of %i pixels, of as many scales as fit, window %i", (side, window) => {
    const places = Float32Array.from({ length: 2 * 3 * side * side }, (_, k) => {
      const [j, i] = [k % side, Math.floor(k / side) % side];
      const plane = Math.floor(k / side / side);
      return 0.5 + 0.3 * Math.sin(i / 5 + (plane % 3)) * Math.cos(j / 7 + Math.floor(plane / 3));
    });
    const x = tf.tensor4d(places, [2, 3, side, side]);
    const images = (t: Tensor4D) => tf.transpose<Tensor4D>(t, [0, 2, 3, 1]);
    close(
      golden.ms_ssim[side],
      [numbers(15, 2, 3, side, side)],
      (y: Tensor4D) => {
        const near = tf.add<Tensor4D>(x, tf.mul(0.15, y));
        return tf.sub(1, tf.mean<Scalar>(multiScaleSsim(images(x), images(near), window)));
      },
      1e-4, // variances are differences of squares
    );
  });

  it.each([
    ["log_gamma", logGamma],
    ["digamma", digamma],
  ] as const)("%s and its derivative", (name, f) => {
    const { at, values, slopes } = golden.gamma[name] as Record<string, number[]>;
    const x = tf.tensor1d(at!);
    for (const [found, exact] of [
      [f(x), values!],
      [tf.grad((y) => tf.sum(f(y)))(x), slopes!],
    ] as const)
      found.dataSync().forEach((y, i) => {
        const size = Math.max(name === "log_gamma" ? 1 : 0.1, Math.abs(exact[i]!));
        expect(Math.abs(y - exact[i]!) / size, `${name} at ${at![i]}`).toBeLessThan(2e-6);
      });
  });

  it("the KL of gamma distributions, and their density", () => {
    close(golden.gamma.kl, [positive(21, B, D), positive(22, B, D)], (shape: Tensor2D, rate: Tensor2D) =>
      tf.mean<Scalar>(tf.sum(klOfGammas({ shape, rate }, { shape: 2, rate: 1 }), 1)),
    );
    close(
      golden.gamma.density,
      [positive(23, B, D), positive(24, B, D), positive(25, B, D)],
      (z: Tensor2D, shape: Tensor2D, rate: Tensor2D) =>
        tf.sum<Scalar>(tf.mul(tf.sum(logGammaDensity(z, { shape, rate }), 1), [1, 2, 3, 4, 5, 6])),
    );
  });

  it.each([1, 8])("the gradient of rejection sampling, the shape raised by %i", (augmentation) => {
    /** Accepts each first proposal. */
    const stream = (purpose: string): Rng =>
      ({
        fold: stream,
        perImage: () => stream(purpose),
        normal: (shape: number[]) => tf.tile(tf.mul(0.8, numbers(29, 1, B, D)), [shape[0]!, 1, 1]),
        uniform: (shape: number[]) =>
          purpose === "acceptance" ? tf.zeros(shape) : tf.div(tf.add(numbers(30, ...shape), 1), 2),
      }) as never;
    close(
      golden.gamma.rejection[augmentation],
      [positive(26, B, D), positive(27, B, D), numbers(28, D, 4)],
      (shape: Tensor2D, rate: Tensor2D, weight: Tensor2D) => {
        const { z, logWeight } = drawGamma({ shape, rate }, augmentation, stream(""));
        const costs = tf.sum<Tensor1D>(tf.square(tf.matMul(z, weight)), 1);
        return tf.add<Scalar>(tf.mean(costs), rejectionCorrection(costs, logWeight));
      },
      1e-4, // powers of shapes near 0
    );
  });

  it("the second VAE of z", () => {
    const of = (place: string, values: Readonly<Record<string, Tensor>>): Scope =>
      ({
        at: (name: string) => of(`${place}.${name}`, values),
        declare: (leaf: string, shape: number[]) =>
          ({ value: values[`${place}.${leaf}`] ?? tf.zeros(shape) }) as unknown as Param,
      }) as never;
    close(
      golden.second_stage,
      [
        numbers(32, B, D),
        numbers(33, D, 5),
        numbers(34, 5 + D, 2 * D),
        numbers(35, 5 + D, D),
        tf.reshape(numbers(36, 1), []),
      ],
      (z: Tensor2D, hidden: Tensor, out: Tensor, decoded: Tensor, gamma: Tensor) => {
        const stage = secondStage(
          of("", {
            ".encoder.hidden.0.weight": hidden,
            ".decoder.hidden.0.weight": hidden,
            ".encoder.out.weight": out,
            ".decoder.out.weight": decoded,
            ".log_gamma": gamma,
          }),
          D,
          [5],
        );
        const noise = {
          fold: () => noise,
          perImage: () => noise,
          normal: () => numbers(31, B, D),
        } as unknown as Rng;
        const { mean, logVar, logDensity } = stage.forward(z, noise);
        return tf.sub<Scalar>(klToUnitGaussian(mean, logVar), tf.mean(logDensity));
      },
    );
  });

  it.each([
    ["standard", relativeTo],
    ["vamp", relativeTo],
    ["ladder", precisionWeighted],
  ] as const)("the KL and the draws of two levels of latents, %s", (kind, combined) => {
    const inputs = [
      ...[21, 22, 23, 24].map((t) => numbers(t, B, D)),
      numbers(25, D, D),
      numbers(26, 4, D),
    ] as Tensor2D[];
    const drawn = ({ mean, logVar }: Gaussian, noise: number) =>
      tf.add<Tensor2D>(mean, tf.mul(tf.exp(tf.div(logVar, 2)), numbers(noise, B, D)));
    close(golden.two_levels[kind], inputs, (...given: Tensor2D[]) => {
      const [mean2, logVar2, mean1, logVar1, weight, components] = given as [
        Tensor2D,
        Tensor2D,
        Tensor2D,
        Tensor2D,
        Tensor2D,
        Tensor2D,
      ];
      const q2 = { mean: mean2, logVar: logVar2 };
      const z2 = drawn(q2, 27);
      const p1 = { mean: tf.matMul(z2, weight) as Tensor2D, logVar: tf.tanh<Tensor2D>(z2) };
      const q1 = combined(p1, { mean: mean1, logVar: logVar1 });
      const z1 = placedIn(p1, drawn(q1, 28));
      const unused = tf.mul<Scalar>(0, tf.sum(components));
      const mixture = { mean: components, logVar: tf.div<Tensor2D>(components, 2) };
      const kl2 =
        kind === "vamp"
          ? drawnKlToMixture(z2, q2, mixture)
          : tf.add<Scalar>(klToUnitGaussian(mean2, logVar2), unused);
      const kl = tf.add<Scalar>(kl2, klToUnitGaussian(q1.mean, q1.logVar));
      return tf.add<Scalar>(kl, tf.mean(tf.square(tf.add(tf.matMul(z1, weight), z2))));
    });
  });

  it.each([
    [1, 1],
    [1, 4],
    [3, 2],
  ])("the mean of %i importance-weighted bounds of %i draws", (estimates, samples) => {
    const draws = estimates * samples;
    close(
      golden.importance_weighted[`${estimates}x${samples}`],
      [numbers(18, B, D), numbers(19, B, D), numbers(20, D, 4)],
      (mean: Tensor2D, logVar: Tensor2D, weight: Tensor2D) => {
        const noise = numbers<Tensor3D>(16, draws, B, D);
        const z = tf.add<Tensor3D>(mean, tf.mul(tf.exp(tf.div(logVar, 2)), noise));
        const asImages = (rows: Tensor) => tf.reshape(rows, [draws * B, 1, 1, 4]) as Tensor4D;
        const recons = asImages(tf.matMul(tf.reshape(z, [draws * B, D]) as Tensor2D, weight));
        const x = asImages(tf.tile(numbers<Tensor2D>(17, B, 4), [draws, 1]));
        const pass = { logits: recons, recons };
        const convention = { convention: "elbo", natWeight: 1 } as const;
        const logP = logLikelihoods(x, pass, convention, { likelihood: "gaussian", sigma: 1 });
        const ratio = logPriorRatio<Tensor2D>(z, noise, logVar);
        const logWeights = tf.add<Tensor2D>(tf.reshape(logP, ratio.shape), ratio);
        return importanceWeightedBound(tf.reshape(logWeights, [samples, -1]) as Tensor2D);
      },
    );
  });

  /** A Gumbel-softmax draw of 3 logits at a temperature, by uniform numbers of the formula, [B, N K]. */
  const relaxed = (logits: Tensor, temperature: number): Tensor2D => {
    const uniform = () => tf.tensor(Float32Array.from(formula(logits.size, 21)), logits.shape);
    const rng = { fold: () => rng, perImage: () => rng, uniform } as unknown as Rng;
    const ctx = { training: true, rng, schedule: (value: (step: number) => number) => tf.scalar(value(0)) };
    const drawn = drawCategories(tf.mul(3, logits), ctx, () => temperature);
    return tf.reshape(drawn, [B, -1]) as Tensor2D;
  };
  const cost = (z: Tensor2D, weight: Tensor2D) =>
    gaussianNegLogLikelihood(numbers(22, B, 4), tf.matMul(z, weight), 1);

  it.each([0.5, 1])("the categorical VAE's at a temperature of %f", (temperature) => {
    close(
      golden.categorical[temperature],
      [numbers(23, B, N, K), numbers(24, N * K, 4)],
      (logits: Tensor, weight: Tensor2D) =>
        tf.add<Scalar>(cost(relaxed(logits, temperature), weight), klToUniform(tf.mul(3, logits))),
    );
  });

  it.each([
    [5, 0.1],
    [0.2, 2],
  ])("JointVAE's at capacities of %f and %f", (capacityZ, capacityC) => {
    close(
      golden.joint[`${capacityZ},${capacityC}`],
      [numbers(26, B, D), numbers(27, B, D), numbers(28, B, N, K), numbers(29, D + N * K, 4)],
      (mean: Tensor2D, logVar: Tensor2D, logits: Tensor, weight: Tensor2D) => {
        const z = tf.add<Tensor2D>(mean, tf.mul(tf.exp(tf.div(logVar, 2)), numbers(25, B, D)));
        const gaps = tf.add<Scalar>(
          capacityGap(klToUnitGaussian(mean, logVar), tf.scalar(capacityZ)),
          capacityGap(klToUniform(tf.mul(3, logits)), tf.scalar(capacityC)),
        );
        const decoded = cost(tf.concat([z, relaxed(logits, 0.67)], 1), weight);
        return tf.add<Scalar>(decoded, tf.mul(30, gaps));
      },
    );
  });
});
