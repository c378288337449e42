import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Images } from "../../src/api/images.ts";
import { openRun } from "../../src/api/open_run.ts";
import type { Run } from "../../src/api/run.ts";
import { train } from "../../src/api/train.ts";
import { tf } from "../../src/tf.ts";
import { tinyConfig } from "../support/api.ts";
import { vae } from "../support/cli.ts";

const root = mkdtempSync(join(tmpdir(), "vae-api-run-"));
let run: Run;

beforeAll(async () => {
  const config = { ...tinyConfig(root), trainer_params: { max_steps: 4 } };
  const { open } = await train(config, { quiet: true, backend: "wasm" });
  run = await open({ quiet: true });
  const [a, b] = await (await run.data("val", 2)).pngs();
  writeFileSync(join(root, "a.png"), a!);
  writeFileSync(join(root, "b.png"), b!);
});
afterAll(async () => {
  await run.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** The picture that a command writes. */
async function drawn(command: string, ...args: string[]): Promise<Buffer> {
  const out = `${command}_${args.length}.png`;
  const all = [command, run.path, ...args, "--out", out, "--force", "--backend", "wasm"];
  expect(await vae(all, { cwd: root })).toMatchObject({ code: 0 });
  return readFileSync(join(root, out));
}

const a = () => join(root, "a.png");
const b = () => join(root, "b.png");

test("the pictures are those of the commands, byte for byte", async () => {
  const samples = await run.sample(6, { temperature: 0.7, seed: 3 });
  const sampled = await drawn("sample", "--count", "6", "--temperature", "0.7", "--seed", "3");
  expect((await samples.png()).equals(sampled)).toBe(true);

  const images = await run.data("val", 5);
  const reconstructed = images.beside(await run.reconstruct(images));
  expect((await reconstructed.png()).equals(await drawn("reconstruct", "--count", "5"))).toBe(true);

  const between = await run.interpolate(a(), b(), { steps: 3 });
  expect((await between.png()).equals(await drawn("interpolate", a(), b(), "--steps", "3"))).toBe(true);

  const traversal = await run.traverse(a(), { dimensions: 2, steps: 3, images: 8 });
  const options = ["--dimensions", "2", "--steps", "3", "--images", "8"];
  expect((await traversal.png()).equals(await drawn("traverse", a(), ...options))).toBe(true);
  expect(traversal.rows).toEqual(traversal.dimensions.slice(0, 2));
  expect(traversal.values).toEqual([
    [-3, 0, 3],
    [-3, 0, 3],
  ]);
});

test("values that the types forbid are told in a sentence, by every call", async () => {
  const images = await run.data("val", 2);
  const any = run as never as Record<string, (...values: unknown[]) => Promise<unknown>>;
  const calls: [string, unknown[], string][] = [
    ["sample", ["2"], 'sample: count: expected an integer ≥ 1, got "2".'],
    ["sample", [1, null], "sample: options: expected an object, got null."],
    ["sample", [1, { seed: null }], "sample: seed: expected an integer ≥ 0, got null."],
    [
      "sample",
      [1, { tempreture: 1 }],
      'unknown option. Expected one of seed, labels, temperature, sampler. Did you mean "temperature"?',
    ],
    [
      "sample",
      [1, { labels: ["a"] }],
      "sample: labels: expected an object, each value text or a finite number",
    ],
    ["data", ["tset", 1], 'data: split: expected one of train, val, test, got "tset".'],
    ["images", [null], "images: expected a file's name, its bytes, pixels as {data, width, height}"],
    ["images", [[images, 5]], "or what another call gave, got 5."],
    ["images", [new ArrayBuffer(4)], "got one of ArrayBuffer."],
    ["images", [{ data: new Uint8Array(3), width: 0, height: 1 }], "images: expected"],
    ["reconstruct", [undefined], "got nothing."],
    ["decode", [null], "decode: z: expected a Float32Array"],
    ["decode", [[["a"]]], "decode: z: expected a Float32Array"],
    ["decode", [[new Float64Array(4)]], "decode: z: expected a Float32Array"],
    [
      "interpolate",
      [images, images, { path: "curved" }],
      'path: expected one of spherical, linear, got "curved".',
    ],
    ["traverse", [images, { values: [1] }], "values: expected a list of 2, each a finite number, got [1]."],
    ["evaluate", [{ metrics: "elbo" }], 'metrics: expected a list, each text, got "elbo".'],
    ["evaluate", [{ network: "tiny_vgg" }], "network: expected an object, each value text"],
  ];
  for (const [name, values, said] of calls) {
    const { message, name: kind } = await any[name]!.call(run, ...values).then(
      () => expect.unreachable(said),
      (e) => e,
    );
    expect([kind, message]).toEqual(["ConfigError", expect.stringContaining(said)]);
  }
  const made = images as never as Record<string, (...values: unknown[]) => unknown>;
  for (const [name, values, said] of [
    ["save", [null], "save: file: expected text, got null."],
    ["png", [{ scale: "2" }], 'png: scale: expected an integer ≥ 1, got "2".'],
    ["pngs", [5], "pngs: options: expected an object, got 5."],
    ["slice", ["1"], 'slice: from: expected an integer ≥ 0, got "1".'],
    ["beside", [{}], "beside: images: expected an Images, got an empty map."],
  ] as const)
    await expect((async () => made[name]!.call(images, ...values))(), said).rejects.toThrow(said);
  await expect(openRun(null as never)).rejects.toThrow("openRun: path: expected text, got null.");
  await expect(openRun(run.path, { quite: true } as never)).rejects.toThrow('Did you mean "quiet"?');
});

test("a picture is saved into a folder that is made, and one that can't be is told", async () => {
  const images = await run.data("val", 1);
  const file = join(root, "new/folder/one.png");
  await images.save(file);
  expect(readFileSync(file).equals(await images.png())).toBe(true);
  await expect(images.save(join(file, "two.png"))).rejects.toThrow(
    "can't be written: a part of its path is a file",
  );
});

test("a tensor of whole numbers is images too", async () => {
  const black = tf.zeros([1, 32, 32, 3], "int32") as never;
  const made = await run.reconstruct(black);
  expect(made.shape).toEqual([1, 32, 32, 3]);
});

test("the latents and metrics are those of the commands", async () => {
  const { encodeNpy } = await import("../../src/formats/npy.ts");
  const encoded = await run.encode([a(), b()]);
  expect(
    await vae(["encode", run.path, a(), b(), "--out", "z.npy", "--backend", "wasm"], { cwd: root }),
  ).toMatchObject({ code: 0 });
  const { count, size, mean } = encoded;
  expect(
    Buffer.from(encodeNpy({ shape: [count, size], data: mean })).equals(readFileSync(join(root, "z.npy"))),
  ).toBe(true);
  expect([count, size]).toEqual([2, 4]);
  const evaluated = await run.evaluate({ metrics: ["elbo", "psnr"], maxImages: 8, split: "val" });
  const args = [
    "evaluate",
    run.path,
    "--metrics",
    "elbo,psnr",
    "--max-images",
    "8",
    "--split",
    "val",
    "--json",
  ];
  const { stdout } = await vae([...args, "--backend", "wasm"], { cwd: root });
  expect(JSON.parse(JSON.stringify(evaluated.figures))).toEqual(JSON.parse(stdout).figures);
});

test("decode gives what reconstruct does, from means in any form", async () => {
  const { mean, size } = await run.encode(a());
  const reconstructed = await run.reconstruct(a());
  const tensor = tf.tensor2d(mean, [1, size]);
  for (const z of [mean, [mean], [[...mean]], tensor])
    expect((await run.decode(z)).data).toEqual(reconstructed.data);
  tensor.dispose();
  await expect(run.decode(new Float32Array(size + 1))).rejects.toThrow(
    "expected vectors of 4 numbers each, got 5",
  );
  await expect(run.decode([new Float32Array(2), new Float32Array(2)])).rejects.toThrow("got 2 numbers");
});

test("images come in as files, bytes, pixels and tensors, and go out the same", async () => {
  const own = await run.images(a());
  expect(own.shape).toEqual([1, 32, 32, 3]);
  const { data } = own;
  const bytes = new Uint8Array(readFileSync(a()));
  const pixels = { data: own.pixels(), width: 32, height: 32 };
  const withAlpha = new Uint8ClampedArray(32 * 32 * 4).fill(255);
  pixels.data.forEach((v, i) => {
    withAlpha[4 * Math.floor(i / 3) + (i % 3)] = v;
  });
  const [tensor, one] = [own.tensor(), tf.tensor3d(data, [32, 32, 3])];
  for (const input of [
    bytes,
    pixels,
    { ...pixels, data: withAlpha },
    tensor,
    one,
    own,
    [a()],
    (await own.pngs())[0]!,
  ])
    expect((await run.images(input)).data).toEqual(data);
  tf.dispose([tensor, one]);
  const both = await run.images([own, b()]);
  expect(both.count).toBe(2);
  expect(both.slice(0, 1).data).toEqual(data);
  expect((await run.images({ data: new Uint8Array(64 * 48), width: 64, height: 48 })).shape).toEqual([
    1, 32, 32, 3,
  ]);
});

test("what is no image is refused with a sentence", async () => {
  await expect(run.images(new Uint8Array([1, 2, 3]))).rejects.toThrow("expected the bytes of a JPEG, PNG");
  await expect(run.images({ data: new Uint8Array(5), width: 2, height: 2 })).rejects.toThrow("got 5 bytes");
  await expect(run.images([])).rejects.toThrow("got an empty list");
  await expect(run.images(join(root, "none.png"))).rejects.toThrow("no such file");
  const small = tf.tensor4d(new Float32Array(192), [1, 8, 8, 3]);
  await expect(run.images(small)).rejects.toThrow("expected 32x32x3 as the model takes them, got 8x8x3");
  small.dispose();
  await expect(run.interpolate(a(), [a(), b()])).rejects.toThrow("expected as many images");
  await expect(run.sample(1, { sampler: "gmmm" })).rejects.toThrow('Did you mean "gmm"?');
  await expect(run.sample(1, { labels: { shape: 2 } })).rejects.toThrow(
    "expected a model that is conditioned",
  );
});

test("numbers that can't be meant are refused, and nothing is drawn instead", async () => {
  const images = await run.sample(2);
  const refused: [() => Promise<unknown>, string][] = [
    [() => run.sample(0), "sample: count: expected an integer ≥ 1, got 0."],
    [() => run.sample(Number.NaN), "got NaN"],
    [() => run.sample(1, { seed: 1.5 }), "seed: expected an integer ≥ 0, got 1.5."],
    [
      () => run.sample(1, { temperature: Number.NaN }),
      "sample: temperature: expected a number ≥ 0, got NaN.",
    ],
    [() => run.data("val", 0), "data: count"],
    [() => run.interpolate(images, images, { steps: 0 }), "interpolate: steps"],
    [() => run.traverse(undefined, { dimensions: 0 }), "traverse: dimensions"],
    [() => run.evaluate({ maxImages: 0 }), "evaluate: maxImages"],
    [
      () =>
        run.decode([
          [1, 2, 3],
          [1, 2, 3, 4, 5],
        ]),
      "z: expected vectors of 4 numbers each, got 3 numbers.",
    ],
    [
      () => run.reconstruct(tf.zeros([1, 1, 32, 32, 3]) as never),
      "expected a tensor [H, W, C] or [N, H, W, C]",
    ],
    [() => images.png({ columns: 0 }), "png: columns"],
    [() => images.slice(2).png(), "png: expected images, got none."],
    [async () => images.beside(images.slice(1)), "beside: expected as many images"],
  ];
  for (const [call, said] of refused) await expect(call(), said).rejects.toThrow(said);
});

test("a run that was disposed of says so, and may be disposed of again", async () => {
  const other = await openRun(run.path, { backend: "wasm", quiet: true });
  await other.dispose();
  await other.dispose();
  await expect(other.sample(1)).rejects.toThrow("expected a run that is open");
  await expect(other.data("val", 1)).rejects.toThrow("Open it again: openRun(path).");
  expect(other.path).toBe(run.path);
});

test("a run is freed by using, and its calls leave no tensors", async () => {
  const before = tf.memory().numTensors;
  {
    await using other = await openRun(run.path, { quiet: true });
    const opened = tf.memory().numTensors;
    expect(opened).toBeGreaterThan(before);
    const samples = await other.sample(3);
    await other.traverse(samples.slice(0, 1), { images: 4, steps: 2, dimensions: 1 });
    await other.interpolate(samples.slice(0, 1), samples.slice(1, 2));
    await other.decode((await other.encode(samples)).z);
    expect(tf.memory().numTensors).toBe(opened);
    expect(samples).toBeInstanceOf(Images);
  }
  expect(tf.memory().numTensors).toBe(before);
  {
    using other = await openRun(run.path, { quiet: true, checkpoint: "last" });
    expect(other.step).toBe(4);
  }
  expect(tf.memory().numTensors).toBe(before);
});

test("a conditional model takes labels by name, and keeps those of its data", async () => {
  const config = {
    ...tinyConfig(root),
    model: "ConditionalVAE" as const,
    trainer_params: { max_steps: 1 },
  };
  const { open } = await train(config, { quiet: true, backend: "wasm" });
  await using conditional = await open({ quiet: true });
  const images = await conditional.data("val", 2);
  expect(images.labels).toHaveLength(12);
  const labels = { floor_hue: 0, wall_hue: 0, object_hue: 0, scale: 0, shape: 2, orientation: 0 };
  await expect(conditional.reconstruct(a())).rejects.toThrow("--label: expected a value of");
  expect((await conditional.reconstruct(a(), { labels })).count).toBe(1);
  expect((await conditional.reconstruct(images)).count).toBe(2);
  expect((await conditional.interpolate(images.slice(0, 1), images.slice(1, 2))).count).toBe(10);
  const { mean } = await conditional.encode(images.slice(0, 1));
  expect((await conditional.decode(mean, { labels })).count).toBe(1);
  const one = await conditional.sample(2, { labels: { shape: 2 } });
  const out = ["sample", conditional.path, "--count", "2", "--label", "shape=2", "--out", "c.png"];
  expect(await vae([...out, "--backend", "wasm"], { cwd: root })).toMatchObject({ code: 0 });
  expect((await one.png()).equals(readFileSync(join(root, "c.png")))).toBe(true);
});
