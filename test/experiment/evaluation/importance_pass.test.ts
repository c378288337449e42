import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { EvaluationContext, type EvaluationOptions } from "../../../src/experiment/evaluation/context.ts";
import { importancePass } from "../../../src/experiment/evaluation/importance_pass.ts";
import type { OpenRun } from "../../../src/experiment/trained/open_trained.ts";
import { gaussian } from "../../../src/metrics/likelihood.ts";
import { reparameterize } from "../../../src/models/gaussian.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { type Tensor2D, tf } from "../../../src/tf.ts";
import { formula } from "../../support/formula.ts";

const golden = JSON.parse(readFileSync(new URL("../../parity/figures.json", import.meta.url), "utf8"));

beforeAll(async () => void (await useBackend("cpu")));

/** z ~ N(0, I), x = W z + noise of sigma 0.3, whose posterior is known and has a diagonal covariance. */
function linearGaussian(): OpenRun {
  const sigma = 0.3;
  const [a, b, c, d] = [...formula(4, 30)].map((u) => 2 * u - 1) as [number, number, number, number];
  const w = tf.tensor2d([a, 0, b, 0, 0, c, 0, d], [4, 2]);
  const precision = [a * a + b * b, c * c + d * d].map((s) => 1 + s / sigma ** 2);
  const vae: Pick<VAE, "encode" | "decode"> = {
    encode(images, ctx) {
      const x = tf.reshape(images, [-1, 4]);
      const mean = tf.div<Tensor2D>(
        tf.matMul(x, w),
        precision.map((p) => p * sigma ** 2),
      );
      const logVar = tf.mul<Tensor2D>(
        tf.ones(mean.shape),
        precision.map((p) => -Math.log(p)),
      );
      return {
        posterior: { z: { kind: "gaussian", mean, logVar } },
        z: { z: reparameterize(mean, logVar, ctx) },
      };
    },
    decode: ({ z }) => tf.reshape(tf.matMul(z as Tensor2D, w, false, true), [-1, 2, 2, 1]),
  };
  const images = Float32Array.from(formula(20, 31));
  const shape = [5, 2, 2, 1] as const;
  async function* batches() {
    yield { images, shape, indices: Int32Array.of(0, 1, 2, 3, 4) };
  }
  const loader = async () => ({ batches });
  return { vae, imageRange: [0, 1], imageShape: [2, 2, 1], state: { step: 0 }, loader } as unknown as OpenRun;
}

describe("the importance-weighted bound", () => {
  const bound = async (draws: number, sigma: number) => {
    const options = { split: "test", maxImages: 5, seed: 3, draws } as EvaluationOptions;
    const context = new EvaluationContext(linearGaussian(), options);
    return (await importancePass(context, [gaussian(sigma, "")]))[0]!;
  };
  const exact: number[] = golden.likelihood.linear_gaussian;
  const mean = exact.reduce((a, b) => a + b) / exact.length;

  it("is scipy's log p(x) at any number of draws where the posterior is exact", async () => {
    for (const draws of [1, 7]) expect(await bound(draws, 0.3)).toBeCloseTo(mean, 4);
  });

  it("rises with the draws where the posterior is not", async () => {
    const [few, many] = [await bound(1, 0.5), await bound(300, 0.5)];
    expect(many).toBeGreaterThan(few);
  });
});
