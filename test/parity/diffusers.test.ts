import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type OpenRun, openTrained } from "../../src/experiment/trained/open_trained.ts";
import { exploring } from "../../src/explore/latents.ts";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { vae } from "../support/cli.ts";
import { maxDifference } from "../support/models.ts";

const models = fileURLToPath(new URL("diffusers", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "tfjs-vae-diffusers-"));
afterAll(() => rmSync(place, { recursive: true }));

const small = ["--backend", "wasm", "--set", "data_params.patch_size=16"];
const imported = async (folder: string, name: string) => {
  const out = join(place, name);
  const ended = await vae(["import", folder, "--out", out, ...small]);
  expect(ended.stderr).toBe("");
  return openTrained(out, { backend: "wasm" });
};
const last = ({ tensors }: Safetensors, name: string) => {
  const { data, shape } = tensors.get(name)!;
  return tf.transpose(
    tf.tensor4d(data as Float32Array, shape as [number, number, number, number]),
    [0, 2, 3, 1],
  );
};
const first = (t: Tensor) => tf.transpose(t, [0, 3, 1, 2]).dataSync();

/** Of models with random weights: test/parity/diffusers_models.py. */
describe.each(["kl", "kl_plain", "tiny"])("diffusers' %s as vae import makes a run of it", (name) => {
  it("has the posterior and the images of diffusers", async () => {
    const run: OpenRun = await imported(join(models, name), name);
    const reference = readSafetensors(join(models, name, "reference.safetensors"));
    const values = (of: string) => reference.tensors.get(of)!.data as Float32Array;
    const ctx = exploring(Rng.fromSeed(1));
    // diffusers has the tiny autoencoder's images in [-1, 1] too; here they are in [0, 1] as its networks take them
    const [low, high] = run.imageRange;
    const own = (t: Tensor) => tf.add(tf.mul(t, (high - low) / 2), (high + low) / 2) as Tensor4D;
    const { posterior } = run.vae.encode(own(last(reference, "x")), ctx);
    if (posterior.z?.kind === "gaussian") {
      expect(maxDifference(first(posterior.z.mean), values("z"))).toBeLessThan(1e-4);
      expect(maxDifference(first(posterior.z.logVar), values("log_var"))).toBeLessThan(1e-4);
    } else if (posterior.z?.kind === "point") {
      expect(maxDifference(first(posterior.z.value), values("z"))).toBeLessThan(1e-4);
    } else throw new Error("expected a Gaussian or a point");
    const y = run.vae.decode({ z: last(reference, "z") }, ctx);
    expect(maxDifference(first(y), first(own(last(reference, "y"))))).toBeLessThan(1e-4);
    await run.close();
  });
});

describe("vae import of a folder", () => {
  it("refuses weights that are not finite, and a config.json that holds nothing", async () => {
    const folder = mkdtempSync(join(place, "changed-"));
    cpSync(join(models, "tiny"), folder, { recursive: true });
    const weights = join(folder, "diffusion_pytorch_model.safetensors");
    const bytes = readFileSync(weights);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    writeFileSync(weights, bytes);
    const imported = () => vae(["import", folder, "--out", join(folder, "run"), ...small]);
    expect((await imported()).stderr).toMatch(
      /safetensors: expected finite numbers, got others in [\w.]+: the model has diverged/,
    );
    const about = join(folder, "config.json");
    writeFileSync(
      about,
      JSON.stringify({ ...JSON.parse(readFileSync(about, "utf8")), encoder_block_out_channels: null }),
    );
    expect((await imported()).stderr).toMatch(/tensors don't fit/);
    writeFileSync(about, "null");
    expect((await imported()).stderr).toBe(`${about}: expected an object with _class_name, got null.\n`);
  });

  const refused = async (change: (config: Record<string, unknown>) => void) => {
    const folder = mkdtempSync(join(place, "changed-"));
    cpSync(join(models, "kl"), folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    change(config);
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    const { code, stderr } = await vae(["import", folder, "--out", join(folder, "run"), ...small]);
    expect(code).not.toBe(0);
    expect(stderr).not.toContain("    at ");
    return stderr.replaceAll(folder, "FOLDER");
  };

  it("refuses what no variant computes, and says what", async () => {
    expect(await refused((config) => (config.act_fn = "gelu"))).toContain(
      'FOLDER/config.json: expected act_fn silu, got "gelu", which AutoencoderKL doesn\'t compute here.',
    );
    expect(await refused((config) => (config._class_name = "VQModel"))).toContain(
      'expected _class_name AutoencoderKL or AutoencoderTiny, got "VQModel".',
    );
    expect(await refused((config) => (config.latent_channels = "5"))).toContain(
      'model_params.latent_channels: expected an integer ≥ 1, got "5".',
    );
    expect(await refused((config) => (config.latent_channels = 5))).toMatch(
      /expected a checkpoint of the config's model, \d+ tensors don't fit/,
    );
  });
});
