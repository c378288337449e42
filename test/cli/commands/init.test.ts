import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { modelNamed, writeStarter } from "../../../src/cli/starter.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { type Look, lookAtImages } from "../../../src/data/image_folder/look.ts";
import { vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";

/** `count` images in `folder`, of their number's shade, wider than high. */
async function images(count: number, folder: string, { channels = 3 as 1 | 3, height = 40 } = {}) {
  const made = Array.from({ length: count }, async (_, i) => {
    const create = {
      width: 2 * height,
      height: height + i,
      channels: 3 as const,
      background: `rgb(${i},${i},${i})`,
    };
    const image = sharp({ create });
    const png = await (channels === 1 ? image.toColourspace("b-w") : image).png().toBuffer();
    return [`${folder}/${i}.png`, png] as const;
  });
  return Object.fromEntries(await Promise.all(made));
}

it("looks at number, sizes, channels, classes and splits of a folder", async () => {
  const classes = folder({
    ...(await images(3, "cats")),
    ...(await images(4, "dogs")),
    "cats/bad.jpg": "no image",
  });
  expect(await lookAtImages(classes)).toEqual<Look>({
    images: 8,
    read: 7,
    least: 40,
    median: 41,
    most: 43,
    channels: 3,
    classes: ["cats", "dogs"],
    byFolder: false,
  });
  const grey = folder(await images(3, "all", { channels: 1 }));
  expect(await lookAtImages(grey)).toMatchObject({ images: 3, channels: 1, classes: [] });
  const split = folder({
    ...(await images(2, "train/a")),
    ...(await images(2, "train/b")),
    ...(await images(2, "val/a")),
  });
  expect(await lookAtImages(split)).toMatchObject({ byFolder: true, classes: ["a", "b"] });
  expect(await lookAtImages(folder({ "x.txt": "" }))).toBeUndefined();
});

it("writes a config that is valid and says what was seen, and nothing over one that is there", async () => {
  const dir = folder({ ...(await images(40, "photos/cats")), ...(await images(40, "photos/dogs")) });
  const file = join(dir, "configs.yaml");
  const look = (await lookAtImages(join(dir, "photos")))!;
  const args = {
    model: await modelNamed("BetaVAE", "vae init"),
    folder: join(dir, "photos"),
    look,
    measure: false,
  };
  await writeStarter(file, args);
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(
    /^# BetaVAE \(.*\) on 80 images, in colour; shorter sides in pixels: 40 to 79, half of them \d+ or more\.\n# Classes, by sub-folder: cats, dogs\.\n# Time and memory were not measured: vae bench /,
  );
  const { config, notes } = await loadConfig(file);
  expect(notes).toEqual([]);
  expect(config.data_params).toMatchObject({
    name: "image_folder",
    data_path: "photos",
    patch_size: 32,
    label_from: "folder",
    train_batch_size: 16,
  });
  expect(config.trainer_params.max_epochs).toBe(200);
  expect(config.logging_params.name).toBe("photos_BetaVAE");
  await expect(writeStarter(file, args)).rejects.toThrow(
    "nothing is written over it. Choose another by --out",
  );
});

it("a variant that can't train on such images leaves no file, and says why", async () => {
  const dir = folder(await images(8, "photos"));
  const file = join(dir, "x.yaml");
  const look = (await lookAtImages(join(dir, "photos")))!;
  const model = await modelNamed("ConditionalVAE", "vae init");
  const write = writeStarter(file, { model, folder: join(dir, "photos"), look, measure: false });
  await expect(write).rejects.toThrow(/expected data with labels for ConditionalVAE/);
  expect(() => readFileSync(file)).toThrow("ENOENT");
});

it("measures a step, and vae run of the folder writes such a config and trains by it", async () => {
  const cwd = folder(await images(12, "photos"));
  const init = await vae(["init", "VanillaVAE", "photos", "--out", "mine.yaml"], { cwd });
  expect([init.code, init.stderr]).toEqual([0, ""]);
  expect(init.stdout).toMatch(
    /# Measured here with \w+, steps on random images: [\d.]+ images\/s and \d+ MB of memory\.\n# Estimated from that: \d+ s an epoch, /,
  );
  expect(init.stdout).toContain("12 images; written to mine.yaml. To train: vae run --config mine.yaml");
  const short = ["--backend", "wasm", "--until", "1", "--set", "logging_params.latent_count=0"];
  const run = await vae(["run", "photos", ...short], { cwd });
  expect([run.code, run.stderr]).toEqual([0, ""]);
  expect(run.stdout).toContain(
    "photos_VanillaVAE.yaml is written for the 12 images of photos, with comments",
  );
  expect(run.stdout).toContain(
    "at step 1, saved. To go on: vae run --resume logs/photos_VanillaVAE/version_0",
  );
  const resumed = await vae(["run", "logs/photos_VanillaVAE/version_0"], { cwd });
  expect(resumed).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("To go on with it: vae run --resume logs/"),
  });
  const others = await vae(["run", cwd, ...short], {
    cwd: folder({
      [`${basename(cwd)}_VanillaVAE.yaml`]: readFileSync(join(cwd, "photos_VanillaVAE.yaml"), "utf8"),
    }),
  });
  expect(others).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("got one that was there, for photos. Name the config"),
  });
  const none = await vae(["run", "logs"], { cwd: folder({ "logs/a.txt": "" }) });
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("logs: expected a folder of images"),
  });
  const configs = await vae(["run", "logs"], { cwd: folder({ "logs/a.yaml": "" }) });
  expect(configs).toMatchObject({ code: 2, stderr: expect.stringContaining("In it: logs/a.yaml") });
  const wrong = await vae(["init", "VanilaVAE", "photos"], { cwd });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean "VanillaVAE"?')]);
}, 300_000);
