import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onnxFiles } from "../../src/experiment/trained/export_onnx.ts";
import { type OpenRun, openTrained } from "../../src/experiment/trained/open_trained.ts";
import { exploring } from "../../src/explore/latents.ts";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { vae } from "../support/cli.ts";
import { maxDifference } from "../support/models.ts";
import { runOnnx } from "../support/onnx.ts";
import { describeShared, shared } from "../support/shared.ts";

const DATA = "data/taef2";

/** A trained autoencoder of the TAESD family, with what PyTorch makes of two images by it. */
describeShared(DATA, "TAEF2 as vae import makes a run of it", () => {
  const place = mkdtempSync(join(tmpdir(), "tfjs-vae-taef2-"));
  const out = join(place, "run");
  let run: OpenRun;
  let reference: Safetensors;
  const of = (name: string) => reference.tensors.get(name)!;
  const last = (name: string) =>
    tf.transpose(
      tf.tensor4d(of(name).data as Float32Array, of(name).shape as [number, number, number, number]),
      [0, 2, 3, 1],
    );
  const first = (t: Tensor) => tf.transpose(t, [0, 3, 1, 2]).dataSync();
  const ctx = exploring(Rng.fromSeed(1));

  beforeAll(async () => {
    const ended = await vae(["import", join(shared, DATA), "--out", out, "--backend", "wasm"]);
    expect(ended.stderr).toBe("");
    run = await openTrained(out, { backend: "wasm" });
    reference = readSafetensors(join(shared, DATA, "reference.safetensors"));
  }, 60_000);
  afterAll(async () => {
    await run?.close();
    rmSync(place, { recursive: true });
  });

  it("encodes and decodes as PyTorch does", () => {
    const { z } = run.vae.encode(last("x") as Tensor4D, ctx);
    expect(z.z!.shape).toEqual([2, 8, 8, 32]);
    expect(maxDifference(first(z.z!), of("z").data as Float32Array)).toBeLessThan(1e-4);
    const y = run.vae.decode({ z: last("z") }, ctx);
    expect(maxDifference(first(y), of("y").data as Float32Array)).toBeLessThan(1e-4);
  });

  it("does so as ONNX, in onnxruntime", () => {
    const { shape, data } = of("x");
    const [found] = runOnnx([
      { files: onnxFiles(run), feed: { images: { shape, data: Array.from(data as Float32Array) } } },
    ]);
    expect(maxDifference(found!.encoded.z!.data, of("z").data as Float32Array)).toBeLessThan(1e-4);
    const y = (of("y").data as Float32Array).map((v) => Math.min(1, Math.max(0, v)));
    expect(maxDifference(found!.decoded.images!.data, y)).toBeLessThan(1e-4);
  });
});
