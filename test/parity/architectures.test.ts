import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { loadConfig } from "../../src/config/load.ts";
import { importCheckpoint } from "../../src/experiment/trained/import_checkpoint.ts";
import { openTrained } from "../../src/experiment/trained/open_trained.ts";
import { sideBySide } from "../../src/explore/posteriors.ts";
import { still } from "../../src/explore/tempered_rng.ts";
import { type TensorToStore, writeSafetensors } from "../../src/formats/safetensors.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { densePosterior } from "../../src/models/posteriors.ts";
import { getModel } from "../../src/models/registry.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { formula, formulaWeights } from "../support/formula.ts";
import { type Probe, probeErrors } from "../support/probes.ts";

interface Architecture {
  readonly side: number;
  readonly hidden_dims: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly mean?: Probe;
  readonly log_var?: Probe;
  /** The posterior's standard deviation, where that isn't Gaussian. */
  readonly deviation?: Probe;
  /** Of a categorical latent. */
  readonly logits?: Probe;
  /** log p(z) at the means, of the prior that the model learns; by torch.distributions. */
  readonly log_prior?: Probe;
  readonly recons: Probe;
  readonly [param: string]: unknown;
}
/** Made by architectures.py, which runs PyTorch-VAE's models in double precision. */
const { torch: _, ...models } = JSON.parse(
  readFileSync(new URL("architectures.json", import.meta.url), "utf8"),
) as Record<string, Architecture>;

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-architectures-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a checkpoint of PyTorch-VAE's", () => {
  beforeAll(async () => {
    await useBackend("auto");
  });

  it.each(Object.entries(models))(
    "%s becomes a run that reconstructs what PyTorch does",
    async (name, made) => {
      const { side, shapes, mean, log_var, deviation, logits, recons, log_prior, ...params } = made;
      const { checkpoint, stored: unused } = getModel(name)!.pytorchVae!;
      const file = join(root, `${name}.safetensors`);
      writeFileSync(file, writeSafetensors(Object.entries(shapes).map(stored), { format: "pt" }));
      const yaml = join(root, `${name}.yaml`);
      const own = "latent1_dim" in params || "latent_dims" in params ? {} : { latent_dim: 3 };
      const model = { name, in_channels: 3, ...own, output: "pytorch_vae", ...checkpoint, ...params };
      const data = { name: "shapes3d", patch_size: side };
      writeFileSync(yaml, JSON.stringify({ model_params: model, data_params: data }));
      const out = join(root, name);
      const loaded = await loadConfig(yaml);
      const { left } = await importCheckpoint({ ...loaded, file, cacheDir: root, out });
      const counters = left?.replace(unused ? `, ${unused.what}` : "", "") ?? "";
      expect(counters).toMatch(/^$|^\d+ entries left: batch norm's counters$/);
      const run = await openTrained(out, { backend: "auto" });
      const found = tf.tidy(() => {
        const pixels = Float32Array.from(formula(2 * 3 * side * side, 850));
        const images = tf.transpose<Tensor4D>(tf.tensor4d(pixels, [2, 3, side, side]), [0, 2, 3, 1]);
        const ctx = newCtx({ training: false, rng: Rng.fromSeed(0) });
        const posteriors = Object.values(run.vae.encode(images, still(ctx)).posterior);
        const of = (tensors: Tensor[]) => (tensors.length === 0 ? undefined : sideBySide(tensors));
        const dense = posteriors.flatMap((q) => densePosterior(q) ?? []);
        const known = [
          [
            of(posteriors.flatMap((q) => (q.kind === "point" ? [q.value] : (densePosterior(q)?.mean ?? [])))),
            mean,
          ],
          [of(posteriors.flatMap((q) => (q.kind === "gaussian" ? [q.logVar] : []))), log_var],
          [deviation && of(dense.map((q) => q.deviation())), deviation],
          [of(posteriors.flatMap((q) => (q.kind === "categorical" ? [q.logits] : []))), logits],
        ] as const;
        for (const [ours, theirs] of known) expect(ours === undefined).toBe(theirs === undefined);
        const decoded = tf.transpose(run.vae.reconstruct(images, ctx), [0, 3, 1, 2]);
        const pairs = [
          ...known.flatMap(([ours, theirs]) => (ours && theirs ? [[ours, theirs] as const] : [])),
          [decoded, recons],
          ...(log_prior ? [[run.vae.logPrior!({ z: known[0][0]! }, ctx), log_prior] as const] : []),
        ] as const;
        const errors = pairs.map(([got, theirs]) => probeErrors(got.dataSync(), theirs));
        return Math.max(...errors.flatMap(({ value, whole }) => [value, whole])) as never;
      });
      expect(found).toBeLessThan(2e-5);
      await run.close();
    },
  );
});

/** The tensor of a name and shape at a place of the state_dict, as architectures.py fills it. */
function stored([name, shape]: [string, readonly number[]], place: number): [string, TensorToStore] {
  if (shape.length === 0) return [name, { shape: [], data: BigInt64Array.of(0n), dtype: "I64" }];
  return [name, { shape: [...shape], data: formulaWeights(name, shape, place), dtype: "F32" }];
}
