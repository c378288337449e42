import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import vanilla from "../../src/models/vanilla_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { build, maxDifference } from "../support/models.ts";

beforeAll(() => useBackend("cpu"));

it("the decoder's batch norm may have an epsilon of its own, the encoder's stays", async () => {
  const SMALL = { latent_dim: 3, hidden_dims: [4, 6] };
  const ctx = newCtx({ training: false, rng: Rng.fromSeed(1) });
  const run = async (params: object) => {
    const vae = await build(vanilla, { ...SMALL, ...params });
    const { posterior } = vae.encode(Rng.fromSeed(2).uniform<Tensor4D>([2, 32, 32, 3]), ctx);
    const images = vae.decode({ z: tf.tensor2d([[1, -1, 2]]) }, ctx);
    return [(posterior.z as { mean: Tensor4D }).mean.dataSync(), images.dataSync()] as const;
  };
  const [mean, images] = await run({});
  const [meanOfBoth, imagesOfBoth] = await run({ batch_norm_eps: 3 });
  const [meanOfOne, imagesOfOne] = await run({ decoder_batch_norm_eps: 3 });
  expect(maxDifference(mean, meanOfBoth)).toBeGreaterThan(1e-3);
  expect(maxDifference(mean, meanOfOne)).toBe(0);
  expect(maxDifference(images, imagesOfOne)).toBeGreaterThan(1e-4);
  expect(maxDifference(imagesOfBoth, imagesOfOne)).toBe(0);
});
