import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { vae } from "../support/cli.ts";
import { numpyLoad } from "../support/numpy.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, name: tiny, latent_count: 8}
`;
const cwd = mkdtempSync(join(tmpdir(), "tfjs-vae-explore-"));
const run = "logs/tiny/version_0";
const at = (file: string) => join(cwd, file);
const size = async (file: string) => {
  const { width, height, format } = await sharp(at(file)).metadata();
  return [format, width, height];
};
/** A command that must end well; its standard output. */
async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect([code, stderr], args.join(" ")).toEqual([
    0,
    expect.stringMatching(/^(wrote .*\n|\d+ images, .*\n)*$/),
  ]);
  return stdout;
}

beforeAll(async () => {
  writeFileSync(at("tiny.yaml"), CONFIG);
  for (const [name, r] of [
    ["a", 255],
    ["b", 0],
  ] as const)
    await sharp({ create: { width: 50, height: 40, channels: 3, background: { r, g: 90, b: 10 } } }).toFile(
      at(`${name}.png`),
    );
  await command("run", "--config", "tiny.yaml", "--quiet");
  await command("run", "--config", "tiny.yaml", "--quiet", "--set", "exp_params.LR=0.01");
  return () => rmSync(cwd, { recursive: true, force: true });
}, 120_000);

describe("on a trained run", { timeout: 180_000 }, () => {
  it("sample gives the noise of the run's own grid, or another seed's, less varied by temperature", async () => {
    await command("sample", run, "--count", "4", "--out", "s.png", "--out", "s.npy");
    const [own, grid] = await Promise.all(
      ["s.png", `${run}/Samples/epoch_0001.png`].map((file) => sharp(at(file)).raw().toBuffer()),
    );
    expect(own!.equals(grid!)).toBe(true);
    const one = numpyLoad(at("s.npy"))[""]!;
    expect([one.shape, one.dtype]).toEqual([[4, 32, 32, 3], "float32"]);
    await command("sample", run, "--count", "4", "--scale", "2", "--out", "two.png");
    expect(await size("two.png")).toEqual(["png", 2 * 66 + 2, 2 * 66 + 2]);
    await command("sample", run, "--count", "4", "--seed", "9", "--temperature", "0", "--out", "t.npz");
    const { images } = numpyLoad(at("t.npz"));
    const [first, second] = [images!.values.slice(0, 3072), images!.values.slice(3072, 6144)];
    expect(first).toEqual(second);
    expect(images!.values).not.toEqual(one.values);
  });

  it("reconstruct shows images of files, of a glob and of the validation split in pairs", async () => {
    const errors = JSON.parse(
      await command("reconstruct", run, "a.png", "[b].png", "--json", "--out", "r.png"),
    );
    expect(errors).toEqual([
      { image: "a.png", mse: expect.any(Number) },
      { image: "b.png", mse: expect.any(Number) },
    ]);
    expect(await size("r.png")).toEqual(["png", 260, 262]);
    const { data, info } = await sharp(at("r.png")).raw().toBuffer({ resolveWithObject: true });
    const pixel = (5 * info.width + 5) * info.channels;
    expect([...data.subarray(pixel, pixel + 3)]).toEqual([255, 90, 10]);
    await command("reconstruct", `${run}/checkpoints/last.safetensors`, "--count", "6", "--out", "v.npz");
    const { images, reconstructions } = numpyLoad(at("v.npz"));
    expect([images!.shape, reconstructions!.shape]).toEqual([
      [6, 32, 32, 3],
      [6, 32, 32, 3],
    ]);
  });

  it("interpolate goes from image to image", async () => {
    await command(
      "interpolate",
      run,
      "a.png",
      "b.png",
      "--path",
      "linear",
      "--steps",
      "5",
      "--out",
      "i.png",
      "--out",
      "i.npy",
    );
    expect(await size("i.png")).toEqual(["png", 7 * 130 + 2, 132]);
    await command("reconstruct", run, "a.png", "b.png", "--out", "ab.npz");
    const way = numpyLoad(at("i.npy"))[""]!;
    const { reconstructions } = numpyLoad(at("ab.npz"));
    const difference = (image: number, of: number) =>
      Math.max(
        ...reconstructions!.values
          .slice(of * 3072, (of + 1) * 3072)
          .map((v, i) => Math.abs((v as number) - (way.values[image * 3072 + i] as number))),
      );
    expect([difference(1, 0), difference(5, 1)].map((d) => d < 1e-5)).toEqual([true, true]);
  });

  it("traverse shows the most active dimensions first, each with its KL", async () => {
    const args = ["--dimensions", "3", "--steps", "5", "--values", "-2..2", "--json"];
    const stdout = await command("traverse", run, "a.png", ...args, "--out", "tr.png", "--out", "tr.npz");
    const { dimensions } = JSON.parse(stdout) as {
      dimensions: { index: number; name: string; kl: number }[];
    };
    expect(dimensions.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3]);
    const kls = dimensions.map(({ kl }) => kl);
    expect(kls).toEqual([...kls].sort((a, b) => b - a));
    const found = numpyLoad(at("tr.npz"));
    expect(found.images!.shape).toEqual([3, 5, 32, 32, 3]);
    expect(found.values!.values).toEqual([-2, -1, 0, 1, 2]);
    expect(found.dimensions!.values).toEqual(dimensions.slice(0, 3).map(({ index }) => index));
    const [, width, height] = await size("tr.png");
    expect(height).toBe(20 + 3 * 130);
    expect(width).toBeGreaterThan(5 * 130);
  });

  it("attribute adds the vector of a label, and nothing at strength 0", async () => {
    const args = ["--attribute", "shape=1", "--strength", "-1..1", "--steps", "3", "--json"];
    const stdout = await command("attribute", run, "a.png", ...args, "--out", "at.png", "--out", "at.npz");
    const { having, lacking, direction } = JSON.parse(stdout);
    expect(having + lacking).toBe(64);
    const found = numpyLoad(at("at.npz"));
    expect(found.images!.shape).toEqual([4, 32, 32, 3]);
    expect(found.direction!.values.map(Number)).toEqual(direction);
    expect(await size("at.png")).toEqual(["png", 4 * 130 + 2, 20 + 130]);
  });

  it("encode writes latents and labels of a split, and of files", async () => {
    await command("encode", run, "test", "--limit", "40", "--out", "z.npz", "--out", "z.npy");
    const z = numpyLoad(at("z.npz"));
    expect(Object.fromEntries(Object.entries(z).map(([name, { shape }]) => [name, shape]))).toEqual({
      mean: [40, 4],
      log_variance: [40, 4],
      z: [40, 4],
      labels: [40, 6],
      label_names: [6],
      shape_names: [4],
    });
    expect(z.label_names!.values[0]).toBe("floor_hue");
    expect(numpyLoad(at("z.npy"))[""]).toEqual(z.mean);
    await command("encode", run, "a.png", "b.png", "--out", "f.npz");
    expect(numpyLoad(at("f.npz")).files!.values).toEqual(["a.png", "b.png"]);
  });

  it("runs and compare tell figures and settings, and compare shows pictures of each", async () => {
    const all = JSON.parse(await command("runs", "--json"));
    expect(all).toMatchObject([
      { path: run, model: "VanillaVAE", data: "shapes3d", step: 4, epoch: 1 },
      { path: "logs/tiny/version_1" },
    ]);
    const rows = (await command("runs")).split("\n");
    expect(rows[0]).toMatch(
      /^run +model +data +epoch +step +reconstruction .*total +elbo +bits_per_dim +kl +active_units +mse +psnr$/,
    );
    expect(rows[1]).toContain(String(Number(all[0].last.kl.toPrecision(4))));
    expect(rows.at(-2)).toMatch(
      /the lowest: reconstruction, .*total, bits_per_dim \(bits\), mse; highest: elbo \(nats\), active_units \(dimensions\), psnr \(dB\); last: kl \(nats\)$/,
    );
    const stdout = await command("compare", run, "logs/tiny/version_1", "--count", "3", "--out", "c.png");
    expect(stdout).toMatch(/^exp_params\.LR +0\.001 +0\.01$/m);
    const [, , height] = await size("c.png");
    expect(height).toBe(6 * 130 + 2);
  });
});

describe("mistakes are sentences", () => {
  const cases: [what: string, args: string[], code: number, message: RegExp][] = [
    [
      "no such run",
      ["sample", "logs/tiny/version_9"],
      2,
      /got nothing there\. Runs there: logs\/tiny\/version_0/,
    ],
    [
      "no such image",
      ["reconstruct", run, "none.png"],
      2,
      /"none\.png": expected an image.*got no such file/,
    ],
    [
      "no image",
      ["reconstruct", run, "tiny.yaml"],
      1,
      /got none that can be read:\n {2}tiny\.yaml: contains unsupported image format/,
    ],
    ["one image of two", ["interpolate", run, "a.png"], 2, /expected two images, A and B, or none, got one/],
    ["an unknown attribute", ["attribute", run, "--attribute", "shap"], 2, /Did you mean "shape"\?/],
    ["no attribute", ["attribute", run], 2, /required option '--attribute <name>' not specified/],
    [
      "a strength that is no range",
      ["attribute", run, "--attribute", "x", "--strength", "2"],
      2,
      /FROM\.\.TO/,
    ],
    ["an ending that is not written", ["sample", run, "--out", "s.jpg"], 2, /ends in \.png, \.npy, \.npz/],
    ["no number", ["sample", run, "--count", "none"], 2, /Expected an integer ≥ 1/],
    ["an unknown way", ["interpolate", run, "--path", "round"], 2, /Allowed choices are spherical, linear/],
    ["a folder without runs", ["runs", "none"], 2, /expected runs in "none".*got none/],
    ["one run to compare", ["compare", run], 2, /expected two runs or more, got 1/],
    [
      "a folder that can't be made",
      ["sample", run, "--count", "1", "--out", "a.png/s.png"],
      1,
      /a\.png: can't be written/,
    ],
  ];
  it.each(cases)("%s", async (_, args, expected, message) => {
    const { code, stderr } = await vae(args, { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(expected);
  });
});
