import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { HostBatch } from "../../../src/data/loader.ts";
import { validate } from "../../../src/experiment/training/validate.ts";
import { bitsPerDim, calibratedElbo } from "../../../src/metrics/elbo.ts";
import { getModel, modelNames } from "../../../src/models/registry.ts";
import { Rng } from "../../../src/rng.ts";
import { build, LABELS, labelValues } from "../../support/models.ts";
import { small, trainer, unitWeights } from "../../support/variants.ts";

const [SIDE, COUNT] = [32, 12];
const PIXELS = SIDE * SIDE * 3;
const pixels = Rng.fromSeed(4).uniformArray(COUNT * PIXELS);
const labels = labelValues(COUNT);

/** The images in batches of these sizes. */
async function* batches(...sizes: number[]): AsyncGenerator<HostBatch> {
  let from = 0;
  for (const size of sizes) {
    const [at, to] = [from, from + size];
    from = to;
    yield {
      images: pixels.subarray(at * PIXELS, to * PIXELS),
      labels: labels.subarray(at * LABELS.length, to * LABELS.length),
      shape: [size, SIDE, SIDE, 3],
      indices: Int32Array.from({ length: size }, (_, i) => at + i),
    };
  }
}

beforeAll(() => useBackend("wasm"));

describe.each(modelNames())("validation of %s", (name) => {
  const model = getModel(name)!;
  const meansBy = async (stream: number, ...sizes: number[]) => {
    const vae = await build(model, small(model));
    const { weights, rng } = trainer(vae, unitWeights(model, "pixel_mean"));
    return validate({ vae, weights, rng: rng.fold(stream) }, batches(...sizes), 0, [0, 1]);
  };
  const means = (...sizes: number[]) => meansBy(0, ...sizes);

  it("takes means over images: a short last batch counts by its images", async () => {
    const [whole, parts] = [await means(COUNT), await means(5, 5, 2)];
    const other = await meansBy(9, COUNT);
    const ofImages = ["kl", "mse", "commitment", "elbo", "psnr"].filter((figure) => figure in whole);
    const exact = ofImages.filter((figure) => whole[figure] === other[figure]); // what no draw of z is in
    for (const figure of exact) expect(parts[figure]! / whole[figure]!, figure).toBeCloseTo(1, 5);
    const { mse, kl, elbo, bits_per_dim } = parts;
    if (kl === undefined) {
      expect([elbo, bits_per_dim]).toEqual([undefined, undefined]);
      return;
    }
    expect(elbo).toBeCloseTo(calibratedElbo(mse!, kl!, PIXELS), 6);
    expect(bits_per_dim).toBeCloseTo(bitsPerDim(elbo!, PIXELS), 9);
  });

  it("is finite with a last batch of one image", async () => {
    for (const [figure, value] of Object.entries(await means(11, 1)))
      expect(Number.isFinite(value), `${figure} ${value}`).toBe(true);
  });
});
