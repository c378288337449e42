import { beforeAll, describe, expect, it } from "vitest";
import { logLikelihoods } from "../../src/models/blocks/likelihood.ts";
import { capacityGap } from "../../src/models/losses/capacity.ts";
import { codeDistance } from "../../src/models/losses/codes.ts";
import { discriminatorLoss, totalCorrelation } from "../../src/models/losses/density_ratio.ts";
import { featureLosses, sumOf } from "../../src/models/losses/features.ts";
import { importanceWeightedBound, logPriorRatio } from "../../src/models/losses/importance.ts";
import { klToUnitGaussian } from "../../src/models/losses/kl.ts";
import {
  bernoulliNegLogLikelihood,
  gaussianNegLogLikelihood,
  meanSquaredError,
  optimalSigmaNegLogLikelihood,
} from "../../src/models/losses/reconstruction.ts";
import { upsampleConv2d } from "../../src/nn/conv.ts";
import { randomCrops } from "../../src/nn/crop.ts";
import { newPass, type Param, Scope } from "../../src/nn/params.ts";
import { depthToSpace2x, replicationPad1, upsampleNearest2x } from "../../src/nn/upsample.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { allBackends, compileQuickly, useWhole } from "../support/backends.ts";
import { maxDifference } from "../support/models.ts";

const rng = Rng.fromSeed(5);
const x = () => rng.fold("x").uniform([2, 3, 3, 2]);
const weigh = (t: Tensor) => tf.sum(tf.mul(t, rng.fold("w").normal(t.shape))) as Scalar;

const LIKELIHOODS = [
  ["gaussian", "elbo", { likelihood: "gaussian", sigma: 0.3 }],
  ["bernoulli", "elbo", { likelihood: "bernoulli", sigma: 1 }],
  ["pixel_mean", "pixel_mean", { likelihood: "gaussian", sigma: "optimal" }],
] as const;

/** Each as a function of one tensor, with where it is differentiated. */
type Case = [string, (y: Tensor) => Scalar, () => Tensor];
const CASES: Case[] = [
  [
    "klToUnitGaussian by the mean",
    (m) => klToUnitGaussian(m, rng.fold("lv").normal([3, 4])),
    () => rng.normal([3, 4]),
  ],
  [
    "klToUnitGaussian by the log-variance",
    (v) => klToUnitGaussian(rng.normal([3, 4]), v),
    () => rng.normal([3, 4]),
  ],
  [
    "capacityGap below the capacity",
    (m) => capacityGap(klToUnitGaussian(m, tf.zeros([3, 4])), tf.scalar(9)),
    () => rng.normal([3, 4]),
  ],
  [
    "capacityGap above the capacity",
    (m) => capacityGap(klToUnitGaussian(m, tf.zeros([3, 4])), tf.scalar(0.1)),
    () => rng.normal([3, 4]),
  ],
  ["importanceWeightedBound", (w) => importanceWeightedBound(w as Tensor2D), () => rng.normal([5, 3])],
  [
    "logPriorRatio by z",
    (z) => weigh(logPriorRatio(z, rng.fold("e").normal([3, 4]), rng.fold("v").normal([3, 4]))),
    () => rng.normal([3, 4]),
  ],
  [
    "logPriorRatio by the log-variance, which all draws share",
    (v) => weigh(logPriorRatio(rng.fold("z").normal([2, 3, 4]), rng.fold("e").normal([2, 3, 4]), v)),
    () => rng.normal([3, 4]),
  ],
  ...LIKELIHOODS.map(
    ([name, convention, o]) =>
      [
        `logLikelihoods, ${name}`,
        (y: Tensor) => {
          const pass = { logits: y as Tensor4D, recons: y as Tensor4D };
          return weigh(logLikelihoods(x() as Tensor4D, pass, { convention, natWeight: 0.1 }, o));
        },
        () => rng.uniform([2, 3, 3, 2]),
      ] as [string, (y: Tensor) => Scalar, () => Tensor],
  ),
  ["meanSquaredError", (y) => meanSquaredError(x(), y), () => rng.uniform([2, 3, 3, 2])],
  ["gaussianNegLogLikelihood", (y) => gaussianNegLogLikelihood(x(), y, 0.3), () => rng.uniform([2, 3, 3, 2])],
  [
    "optimalSigmaNegLogLikelihood",
    (y) => optimalSigmaNegLogLikelihood(x(), y),
    () => rng.uniform([2, 3, 3, 2]),
  ],
  ["bernoulliNegLogLikelihood", (y) => bernoulliNegLogLikelihood(x(), y), () => rng.normal([2, 3, 3, 2])],
  ["featureLosses", (y) => sumOf(featureLosses({ a: x() }, { a: y })), () => rng.normal([2, 3, 3, 2])],
  ["totalCorrelation", (y) => totalCorrelation(y as Tensor2D), () => rng.normal([5, 2])],
  [
    "discriminatorLoss by both its logits",
    (y) => discriminatorLoss(tf.slice(y, 0, 3) as Tensor2D, tf.slice(y, 3, 3) as Tensor2D),
    () => rng.normal([6, 2]),
  ],
  ...(["elbo", "pixel_mean"] as const).flatMap((convention): Case[] => [
    [
      `codeDistance by z, ${convention}`,
      (z) => codeDistance(z, rng.fold("e").normal([2, 2, 2, 3]), convention),
      () => rng.normal([2, 2, 2, 3]),
    ],
    [
      `codeDistance by the codebook, ${convention}`,
      (e) => {
        const places = tf.tensor1d([4, 0, 0, 2, 4, 4, 1, 1], "int32");
        const codes = tf.reshape(tf.gather(e, places), [2, 2, 2, 3]);
        return codeDistance(rng.fold("z").normal([2, 2, 2, 3]), codes, convention);
      },
      () => rng.normal([5, 3]),
    ],
  ]),
  ["upsampleNearest2x", (y) => weigh(upsampleNearest2x(y)), () => rng.normal([2, 3, 3, 2])],
  ["depthToSpace2x", (y) => weigh(depthToSpace2x(y)), () => rng.normal([2, 2, 3, 8])],
  [
    "randomCrops",
    (y) => weigh(randomCrops(rng.fold("c"), [2, 4, 4, 2], 3)(y as Tensor4D)),
    () => rng.normal([2, 4, 4, 2]),
  ],
  ["replicationPad1", (y) => weigh(replicationPad1(y)), () => rng.normal([2, 3, 3, 2])],
];

compileQuickly();
describe.each(["cpu", ...allBackends])("gradients against finite differences on %s", (backend) => {
  beforeAll(() => useWhole(backend));

  it.each(CASES)("%s", (_, f, at) => {
    const point = at();
    const data = point.dataSync();
    const h = 1e-2;
    const valueAt = (i: number, by: number) => {
      const moved = Float32Array.from(data);
      moved[i]! += by;
      return f(tf.tensor(moved, point.shape));
    };
    const places = [0, 3, 7, data.length - 1];
    // all are made before one is read: for XLA one program
    const made = places.map((i) => [h, -h, 2 * h, -2 * h].map((by) => valueAt(i, by)));
    const gradient = tf.grad(f)(point).dataSync();
    for (const [k, i] of places.entries()) {
      const [plus, minus, plus2, minus2] = made[k]!.map((value) => value.dataSync()[0]!) as [
        number,
        number,
        number,
        number,
      ];
      // the five-point rule: its error is O(h^4), so float32 rounding is all that is left
      const slope = (8 * (plus - minus) - (plus2 - minus2)) / (12 * h);
      expect(Math.abs(slope - gradient[i]!), `element ${i}`).toBeLessThan(
        2e-3 * Math.max(1, Math.abs(slope)),
      );
    }
  });

  it("upsampleConv2d: up-sampling, padding and a convolution, and the gradients of these", () => {
    const params = new Map<string, Param>();
    const layer = upsampleConv2d(new Scope(params, rng.fold("params"), "pytorch"), 3, 2);
    const [w, b] = [params.get("weight")!.value, params.get("bias")!.value];
    const plain = (y: Tensor) =>
      tf.add(tf.conv2d(replicationPad1(upsampleNearest2x(y)), w as unknown as Tensor4D, 1, "valid"), b);
    const input = tf.variable(rng.fold("input").normal([2, 3, 4, 3]));
    const found = [(y: Tensor) => layer(y, newPass(true)), plain].map((f) => {
      const { value, grads } = tf.variableGrads(() => weigh(f(input)), [input, w, b]);
      return [value, ...[input, w, b].map((v) => grads[v.name]!)].map((t) => [...t.dataSync()]);
    });
    for (const [i, name] of ["weighted sum", "input", "weight", "bias"].entries())
      expect(maxDifference(found[0]![i]!, found[1]![i]!), name).toBeLessThan(2e-5);
    expect(Math.max(...found[0]![2]!.map(Math.abs))).toBeGreaterThan(0.1);
  });
});
