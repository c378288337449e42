import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { HostBatch } from "../../../src/data/loader.ts";
import { PrecomputeCache } from "../../../src/experiment/training/precompute_cache.ts";
import { getModel } from "../../../src/models/registry.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { Rng } from "../../../src/rng.ts";
import { build } from "../../support/models.ts";

// As on processors without AVX-512, where the products of matrices end in another way at the end of a batch.
process.env.TF_ENABLE_ONEDNN_OPTS = "0";
process.env.ONEDNN_MAX_CPU_ISA = "AVX2";

const folder = mkdtempSync(join(tmpdir(), "tfjs-vae-features-"));
const SIDE = 32;
const PIXELS = SIDE * SIDE * 3;
const photos = Rng.fromSeed(4).uniformArray(6 * PIXELS);

/** A batch of the images `indices`. */
function batch(...indices: number[]): HostBatch {
  const images = new Float32Array(indices.length * PIXELS);
  indices.forEach((index, i) => {
    images.set(photos.subarray(index * PIXELS, (index + 1) * PIXELS), i * PIXELS);
  });
  return { images, shape: [indices.length, SIDE, SIDE, 3], indices: Int32Array.from(indices) };
}

describe.each(["memory", "disk"] as const)("a feature cache on %s", (kind) => {
  let vae: VAE;
  let computed: number;
  const cache = (limit = 1e9, said: string[] = []) =>
    new PrecomputeCache(
      {
        ...vae,
        precompute: (images) => {
          computed++;
          return vae.precompute!(images);
        },
      },
      { kind, images: 6, limit, folder },
      (text) => said.push(text),
    );

  beforeAll(async () => {
    await useBackend("auto");
    vae = await build(getModel("DFCVAE")!, { latent_dim: 4, hidden_dims: [4, 8, 8] });
    return () => rmSync(folder, { recursive: true, force: true });
  });

  it("gives each image's own features, the same bits in whatever batch it comes", async () => {
    computed = 0;
    const kept = cache();
    for (const b of [batch(0, 1, 2), batch(3, 4, 5)]) await kept.complete(b);
    expect(computed).toBe(6);
    const again = await kept.complete(batch(4, 0, 5));
    expect(computed).toBe(6);
    const other = cache();
    const fresh = await other.complete(batch(4, 0, 5));
    expect(Object.keys(again.precomputed!)).toEqual(["relu1_2", "relu2_2", "relu3_2"]);
    for (const [layer, { shape, values }] of Object.entries(again.precomputed!)) {
      expect(shape).toEqual(fresh.precomputed![layer]!.shape);
      expect(values).toEqual(fresh.precomputed![layer]!.values);
    }
    await kept.close();
    await other.close();
  });

  it("keeps to its limit and says so once", async () => {
    computed = 0;
    const said: string[] = [];
    const bytes = 4 * (32 * 32 * 32 + 16 * 16 * 64 + 8 * 8 * 128); // a record of tiny_vgg's three layers
    const kept = cache(3.5 * bytes, said);
    for (const b of [batch(4, 1), batch(0, 1), batch(2, 3), batch(4, 5)]) await kept.complete(b);
    expect(said).toEqual([expect.stringMatching(/feature_cache has room for 3 images of 229 kB/)]);
    expect((await kept.complete(batch(0, 2))).precomputed).toBeDefined();
    expect((await kept.complete(batch(0, 3))).precomputed).toBeUndefined();
    expect(computed).toBe(4); // one to know how large they are, and the three kept
    await kept.close();
  });

  it("leaves no file", () => {
    expect(readdirSync(folder)).toEqual([]);
  });
});
