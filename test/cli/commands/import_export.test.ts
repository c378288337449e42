import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { UserError } from "../../../src/errors.ts";
import { importCheckpoint } from "../../../src/experiment/trained/import_checkpoint.ts";
import { type OpenRun, openTrained } from "../../../src/experiment/trained/open_trained.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../../../src/formats/safetensors.ts";
import { readTorchFile } from "../../../src/formats/torch_file.ts";
import { newCtx } from "../../../src/models/ctx.ts";
import { Rng } from "../../../src/rng.ts";
import { type Tensor4D, tf } from "../../../src/tf.ts";
import { vae } from "../../support/cli.ts";
import { failure } from "../../support/data.ts";
import { formula, formulaWeights, nearlyNormal } from "../../support/formula.ts";
import { fixedNoise, maxDifference } from "../../support/models.ts";
import { probeErrors } from "../../support/probes.ts";
import { parity, pytorchVae } from "../../support/reference.ts";
import { describeShared, shared } from "../../support/shared.ts";
import { torchPython } from "../../support/torch.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-import-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** PyTorch-VAE's keys; its decoders' tanh is not among them. */
const config = (model: string) => `
model_params: {${model}, in_channels: 3, latent_dim: 1, hidden_dims: [1, 1, 1, 512]}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
exp_params: {LR: 0.0001, kld_weight: 0.00025}
trainer_params: {max_steps: 2, log_every_n_steps: 1, compile: false}
logging_params: {image_count: 4}
`;
writeFileSync(join(root, "vanilla.yaml"), config("name: VanillaVAE"));
writeFileSync(join(root, "dfcvae.yaml"), config("name: DFCVAE"));

const command = async (...args: string[]) => {
  const { code, stdout, stderr } = await vae(args, { cwd: root });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
};
const importTo = (file: string, out: string, model = "vanilla") =>
  command("import", file, "--config", `${model}.yaml`, "--out", out);

describe("a checkpoint of PyTorch-VAE", async () => {
  const { files } = pytorchVae();
  const state = [...(await readTorchFile(parity("vanilla_vae.pt"))).tensors].map(
    ([name, { shape, data }]) => {
      if (data instanceof Float32Array) return [name, { shape, data, dtype: "F32" }] as const;
      if (data instanceof BigInt64Array) return [name, { shape, data, dtype: "I64" }] as const;
      throw new Error(`${name}: neither numbers nor a count`);
    },
  );

  /** The largest error of a run's reconstructions, means and log-variances, PyTorch's being right. */
  function difference(run: OpenRun): number {
    return tf.tidy(() => {
      const noise = tf.tensor(nearlyNormal(2, 823), [2, 1]);
      const nchw = tf.tensor(Float32Array.from(formula(2 * 3 * 32 * 32, 822)), [2, 3, 32, 32]);
      const ctx = newCtx({ training: false, rng: fixedNoise(noise) });
      const { posterior, z } = run.vae.encode(tf.transpose(nchw as Tensor4D, [0, 2, 3, 1]), ctx);
      const q = posterior.z!;
      if (q.kind !== "gaussian") throw new Error(q.kind);
      const recons = tf.transpose(run.vae.decode(z, ctx), [0, 3, 1, 2]);
      const pairs = [
        [recons, files.recons],
        [q.mean, files.mu],
        [q.logVar, files.log_var],
      ] as const;
      const errors = pairs.map(([got, theirs]) => probeErrors(got.dataSync(), theirs));
      return Math.max(...errors.flatMap(({ value, whole }) => [value, whole]));
    });
  }

  it.each(["pt", "ckpt"])(".%s becomes a run that reconstructs what PyTorch does", async (extension) => {
    const said = await importTo(parity(`vanilla_vae.${extension}`), `from_${extension}`);
    expect(said).toContain("model_params.output=pytorch_vae");
    const run = await openTrained(join(root, `from_${extension}`), { backend: "auto" });
    expect(run.imageRange).toEqual([0, 1]);
    expect(difference(run)).toBeLessThan(2e-5);
    await run.close();
  });

  it.each([
    [
      "GammaVAE",
      [
        "model_params.output=sigmoid, as PyTorch-VAE's decoders end",
        "model_params.parameters_by=softmax, as PyTorch-VAE's model has it",
      ],
    ],
    [
      "TwoStageVAE",
      [
        "model_params.output=pytorch_vae, as PyTorch-VAE's decoders end",
        "the second VAE: not in the file, it is as before training",
      ],
    ],
  ])("of %s gets the parameters that it needs to compute what it did, and says so", async (name, notes) => {
    const made = JSON.parse(readFileSync(parity("architectures.json"), "utf8"))[name];
    const tensors = Object.entries<number[]>(made.shapes).map(
      ([entry, shape], place): [string, TensorToStore] => {
        if (shape.length === 0) return [entry, { shape, data: BigInt64Array.of(0n), dtype: "I64" }];
        return [entry, { shape, data: formulaWeights(entry, shape, place), dtype: "F32" }];
      },
    );
    writeFileSync(join(root, `${name}.safetensors`), writeSafetensors(tensors, { format: "pt" }));
    writeFileSync(
      join(root, `${name}.yaml`),
      `model_params: {name: ${name}, latent_dim: 3, hidden_dims: [${made.hidden_dims}]}\ndata_params: {name: shapes3d, patch_size: ${made.side}}\n`,
    );
    const second = name === "TwoStageVAE" ? ["--set", "model_params.hidden_dims2=[4, 4]"] : [];
    const said = await command(
      ...["import", `${name}.safetensors`, "--config", `${name}.yaml`, "--out", `from_${name}`, ...second],
    );
    for (const note of notes) expect(said).toContain(`note   ${note}`);
  });

  it("trains on and is evaluated as a run of this project", async () => {
    const said = await command("run", "--resume", "from_pt");
    expect(said).toContain("resumed at step 0");
    const figures = await command(
      "evaluate",
      "from_pt",
      "--checkpoint",
      "last",
      "--max-images",
      "8",
      "--metrics",
      "elbo,mse",
      "--json",
    );
    expect(JSON.parse(figures)).toMatchObject({ step: 2, figures: { mse: expect.any(Number) } });
  });

  it("goes back to PyTorch's names, shapes and values", async () => {
    await command("export", "from_ckpt", "--format", "pt-names", "--out", "back.safetensors");
    const back = readSafetensors(join(root, "back.safetensors")).tensors;
    expect([...back.keys()].sort()).toEqual(state.map(([name]) => name).sort());
    for (const [name, { shape, data, dtype }] of state) {
      const got = back.get(name)!;
      expect([got.shape, got.dtype], name).toEqual([shape, dtype]);
      if (dtype === "F32") expect(got.data, name).toEqual(data);
    }
  });

  it("with DFCVAE's stored classifier is imported without it", async () => {
    const tensors = state.map(([name, t]) => [`model.${name}`, t] as const);
    const classifier = { shape: [1], data: Float32Array.of(1) };
    const stored = [...tensors, ["model.feature_network.features.0.bias", classifier] as const];
    writeFileSync(join(root, "dfc.safetensors"), writeSafetensors(stored));
    expect(await importTo("dfc.safetensors", "from_dfc", "dfcvae")).toContain("a stored classifier");
    const run = await openTrained(join(root, "from_dfc"), { backend: "auto" });
    expect(difference(run)).toBeLessThan(2e-5);
    await run.close();
  });

  it("that doesn't fit is refused with what doesn't", async () => {
    const refusal = async (file: string, out: string, ...set: string[]) => {
      const { config, baseDir } = await loadConfig(join(root, "vanilla.yaml"), { set });
      const args = { file, config, baseDir, cacheDir: root, out: join(root, out) };
      const error = await failure(importCheckpoint(args));
      expect(error).toBeInstanceOf(UserError);
      return error.message;
    };
    const file = parity("vanilla_vae.pt");
    expect(await refusal(file, "x", "model_params.latent_dim=8")).toContain(
      "fc_mu.weight: expected [8,2048], got [1,2048]",
    );
    expect(await refusal(file, "x", "model_params.hidden_dims=[512]")).toContain("not in the model");
    expect(await refusal("none.pt", "x")).toContain("got nothing there");
    const { code, stderr } = await vae(["import", file, "--config", "vanilla.yaml", "--out", "from_pt"], {
      cwd: root,
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("is there already. Name another.")]);
  });
});

describe("weights of a run, out and in again", { timeout: 120_000 }, () => {
  const TINY = `
model_params: {name: VanillaVAE, latent_dim: 3, hidden_dims: [8, 12], output: sigmoid}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
trainer_params: {max_steps: 1, compile: false}
logging_params: {image_count: 4, name: plain, latent_count: 0}
`;
  let weights: Awaited<ReturnType<typeof readTorchFile>>["tensors"];
  /** The run ends with a sigmoid, which is said. */
  const exported = async (out: string) => {
    const args = ["export", "logs/plain/version_0", "--format", "pt-names", "--out", out];
    const { code, stderr } = await vae(args, { cwd: root });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^note {3}the run's decoder ends with sigmoid/),
    ]);
  };
  beforeAll(async () => {
    writeFileSync(join(root, "tiny.yaml"), TINY);
    await command("run", "--config", "tiny.yaml", "--quiet");
    await exported("plain.pth");
    weights = (await readTorchFile(join(root, "plain.pth"))).tensors;
  }, 120_000);

  it("are what torch.load reads of a .pth, and the same in a .safetensors", async () => {
    await exported("plain.safetensors");
    const { tensors } = readSafetensors(join(root, "plain.safetensors"));
    expect([...weights].map(([name, { shape, data }]) => [name, shape, data])).toEqual(
      [...tensors.keys()].toSorted(byOrder([...weights.keys()])).map((name) => {
        const { shape, data } = tensors.get(name)!;
        return [name, shape, data];
      }),
    );
    expect(weights.get("decoder.0.1.num_batches_tracked")).toMatchObject({ dtype: "int64", shape: [] });
    expect(await imported("plain.pth")).toEqual({ notes: [], bias: weights.get("fc_mu.bias")!.data });
  });

  it.skipIf(torchPython === undefined)("are loaded by the real PyTorch into a model of its own", () => {
    const script = `
import sys, torch
state = torch.load(sys.argv[1], weights_only=True)
bn = torch.nn.BatchNorm2d(8)
bn.load_state_dict({k[len("encoder.0.1."):]: v for k, v in state.items() if k.startswith("encoder.0.1.")})
print(len(state), int(bn.num_batches_tracked), tuple(state["fc_mu.weight"].shape))`;
    const said = execFileSync(torchPython!, ["-c", script, join(root, "plain.pth")], { encoding: "utf8" });
    expect(said.trim()).toBe(`${weights.size} 1 (3, 768)`);
  });

  it.each([
    ["safetensors", "w.pth", /--out: expected a file that ends in \.safetensors, got "w\.pth"/],
    [
      "pt-names",
      "w.ckpt",
      /--out: expected a file that ends in \.pt or \.pth or \.safetensors, got "w\.ckpt"/,
    ],
    ["tfjs", "model.json", /--out: expected a folder for weights\.bin and model\.json, got "model\.json"/],
  ])("are not written as %s into %s", async (format, out, message) => {
    const args = ["export", "logs/plain/version_0", "--format", format, "--out", out];
    const { code, stderr } = await vae(args, { cwd: root });
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(join(root, out))).toBe(false);
  });

  let count = 0;
  async function imported(file: string, set: string[] = []) {
    await useBackend("cpu");
    const { config, baseDir } = await loadConfig(join(root, "tiny.yaml"), { set });
    const out = join(root, `imported_${count++}`);
    const { notes } = await importCheckpoint({
      file: join(root, file),
      config,
      baseDir,
      cacheDir: root,
      out,
    });
    const { tensors } = readSafetensors(join(out, "checkpoints", "last.safetensors"));
    return { notes, bias: tensors.get("model.fc_mu.bias")!.data };
  }
  const renamed = (prefix: (name: string) => string) =>
    new Map(
      [...weights].map(([name, { shape, data }]) => [prefix(name), { shape, data: data as Float32Array }]),
    );
  const save = (file: string, tensors: Iterable<readonly [string, TensorToStore]>) =>
    writeFileSync(join(root, file), writeSafetensors(tensors));

  it.each([
    "module.",
    "_orig_mod.",
    "model.",
    "model.module.",
    "module._orig_mod.",
    "_orig_mod.module.",
    "model._orig_mod.module.",
    "net.vae.",
  ])("are imported without %s before their names", async (prefix) => {
    save(
      "wrapped.safetensors",
      renamed((name) => prefix + name),
    );
    const { notes, bias } = await imported("wrapped.safetensors");
    expect([notes, bias]).toEqual([[], weights.get("fc_mu.bias")!.data]);
  });

  it("are imported where a part alone was compiled, beside others and an average", async () => {
    const own = renamed((name) => `vae.${name.replace(/^encoder\./, "encoder._orig_mod.")}`);
    const average = renamed((name) => `ema.${name}`);
    average.set("ema.fc_mu.bias", { shape: [3], data: new Float32Array(3) });
    save("beside.safetensors", [
      ...average,
      ...own,
      ["n_averaged", { shape: [], data: BigInt64Array.of(1n) }] as const,
    ]);
    const { notes, bias } = await imported("beside.safetensors");
    expect(bias).toEqual(weights.get("fc_mu.bias")!.data);
    expect(notes).toEqual([
      `${weights.size + 1} entries left that are not below "vae.", the first: ema.encoder.0.0.weight`,
    ]);
  });

  it("are imported from safetensors that are named .pth, as older exports were", async () => {
    save(
      "old.pth",
      renamed((name) => name),
    );
    expect((await imported("old.pth")).bias).toEqual(weights.get("fc_mu.bias")!.data);
  });

  const wrong = async (file: string, ...set: string[]) => (await failure(imported(file, set))).message;

  it("that don't fit are named with the shape expected and got", async () => {
    const message = await wrong(
      "plain.pth",
      "model_params.latent_dim=5",
      "model_params.hidden_dims=[8,12,16]",
    );
    expect(message).toContain("fc_mu.bias: expected [5], got [3]");
    expect(message).toMatch(/encoder\.2\.0\.weight: expected \[16,12,3,3\], got none of this name/);
    const whole = renamed((name) => name).set("fc_mu.bias", {
      shape: [3],
      data: BigInt64Array.of(1n, 2n, 3n) as never,
    });
    save("whole.safetensors", whole);
    expect(await wrong("whole.safetensors")).toContain(
      "fc_mu.bias: expected floating-point numbers, got int64",
    );
    expect(await wrong("plain.pth", "model_params.hidden_dims=[8]")).toMatch(
      /encoder\.1\.0\.weight: not in the model of the config, got \[12,8,3,3\]/,
    );
  });

  it("of this project's own layout, and its checkpoints, are told apart", async () => {
    await command("export", "logs/plain/version_0", "--format", "safetensors", "--out", "own.safetensors");
    expect(await wrong("own.safetensors")).toContain(
      "own layout. Export them by vae export RUN --format pt-names",
    );
    expect(await wrong("logs/plain/version_0/checkpoints/last.safetensors")).toContain("needs no import");
  });

  it.each([
    ["diffusers' AutoencoderKL", ["encoder.down_blocks.0.resnets.0.norm1.weight", "quant_conv.weight"]],
    ["latent diffusion's AutoencoderKL", ["encoder.down.0.block.0.norm1.weight", "quant_conv.weight"]],
    [
      "Stable Diffusion",
      ["model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.encoder.conv_in.bias"],
    ],
    ["TAESD", ["decoder.layers.1.conv.0.weight", "decoder.layers.1.conv.0.bias"]],
    ["VQGAN", ["encoder.down.0.block.0.conv1.weight", "quantize.embedding.weight"]],
    ["torchvision", ["layer1.0.conv1.weight", "fc.weight"]],
  ])("of %s are said to be another model's", async (what, names) => {
    save(
      "foreign.safetensors",
      names.map((name) => [name, { shape: [1], data: Float32Array.of(1) }] as const),
    );
    const message = await wrong("foreign.safetensors");
    expect(message).toMatch(
      /expected a checkpoint of PyTorch-VAE's VanillaVAE, got weights of another model, /,
    );
    expect(message).toContain(what);
  });

  describeShared("data/taef2", "a real TAESD autoencoder's", () => {
    it.each(["encoder", "decoder"])("%s is said to be another model's", async (part) => {
      copyFileSync(`${shared}/data/taef2/taef2_${part}.pth`, join(root, "taesd.pth"));
      expect(await wrong("taesd.pth")).toContain("got weights of another model, a TAESD autoencoder");
    });
  });
});

/** For sorting by the order of `names`. */
const byOrder = (names: readonly string[]) => (a: string, b: string) => names.indexOf(a) - names.indexOf(b);

describe("vae export --format tfjs", () => {
  const plain = ["core", "layers", "backend-cpu"].map((part) =>
    fileURLToPath(import.meta.resolve(`@tensorflow/tfjs-${part}`)),
  );

  /** What plain tfjs's cpu backend makes of z, in a process that has nothing of this project. */
  const decodeElsewhere = (folder: string, z: readonly number[]): number[] => {
    const script = `
      const tf = Object.assign({}, ...${JSON.stringify(plain)}.map(require)), fs = require("fs");
      const json = JSON.parse(fs.readFileSync("model.json"));
      const weights = new Uint8Array(fs.readFileSync("weights.bin")).buffer;
      const [{ weights: weightSpecs }] = json.weightsManifest;
      (async () => {
        await tf.setBackend("cpu");
        const model = await tf.loadLayersModel(tf.io.fromMemory({ ...json, weightSpecs, weightData: weights }));
        const { latent_dim } = json.userDefinedMetadata;
        const images = model.predict(tf.tensor(${JSON.stringify(z)}, [-1, latent_dim].map((n) => n < 0 ? ${z.length} / latent_dim : n)));
        fs.writeFileSync("out.json", JSON.stringify([...images.dataSync()]));
      })();`;
    execFileSync(process.execPath, ["-e", script], { cwd: folder, stdio: "pipe" });
    return JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
  };

  it.each(["transposed", "upsample"])("the %s decoder is plain tfjs's too", async (decoder) => {
    const name = `tiny_${decoder}`;
    writeFileSync(
      join(root, `${name}.yaml`),
      `
model_params: {name: VanillaVAE, latent_dim: 3, hidden_dims: [8, 12], decoder: ${decoder}, decoder_batch_norm_eps: 0.001}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
trainer_params: {max_epochs: 2, compile: false}
logging_params: {image_count: 4, name: ${name}}
`,
    );
    await command("run", "--config", `${name}.yaml`, "--quiet");
    await command("export", `logs/${name}/version_0`, "--format", "tfjs", "--out", name);
    const z = [...Rng.fromSeed(3).normalArray(6)];
    const elsewhere = decodeElsewhere(join(root, name), z);
    const run = await openTrained(join(root, `logs/${name}/version_0`), { backend: "auto" });
    const own = tf.tidy(() => {
      const ctx = newCtx({ training: false, rng: Rng.fromSeed(0) });
      return run.vae.decode({ z: tf.tensor(z, [2, 3]) }, ctx).dataSync();
    });
    expect(maxDifference(own, elsewhere)).toBeLessThan(1e-5);
    expect(Math.max(...own) - Math.min(...own)).toBeGreaterThan(1e-3);
    await run.close();
  });
});
