import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { withGallery } from "../../scripts/gallery/page.ts";
import type { GalleryRecord } from "../../scripts/gallery/record.ts";
import { allTests } from "../support/all_tests.ts";
import { vae } from "../support/cli.ts";
import { dataFolder } from "../support/data.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const NAME = "shapes3d_vanilla_vae";
const PAGE =
  "before\n\n<!-- scripts/gallery.ts: shapes3d -->\n\n<!-- end: scripts/gallery.ts: shapes3d -->\n";

/** A project with these two configs alone, and `records` beside its pictures. */
function project(records: readonly GalleryRecord[] = []): string {
  const folder = dataFolder();
  for (const file of ["parts", `${NAME}.yaml`, "shapes3d_vq_vae.yaml"])
    cpSync(`${root}configs/gallery/${file}`, join(folder, "configs/gallery", file), { recursive: true });
  const pictures = join(folder, "docs/images/gallery");
  mkdirSync(pictures, { recursive: true });
  for (const record of records) writeFileSync(join(pictures, `${record.name}.json`), JSON.stringify(record));
  return `${folder}/`;
}
const rowOf = (page: string, name: string) => page.split("\n").find((line) => line.startsWith(`| [${name}]`));

test("a config that nobody trained has a row that says so, and no picture", async () => {
  const page = await withGallery(PAGE, project());
  expect(rowOf(page, NAME)).toBe(`| [${NAME}](../configs/gallery/${NAME}.yaml) | 18 | not trained |`);
  expect(page).not.toContain("![");
});

test("a config without a section of the page is an error", async () => {
  await expect(withGallery("", project())).rejects.toThrow(
    /docs\/gallery\.md: expected a section for shapes3d/,
  );
});

test.runIf(allTests)(
  "the script trains a config, draws it and records it, and the page tells how far it was trained",
  {
    timeout: 600_000,
  },
  async () => {
    const work = dataFolder();
    const [logs, out, weights] = ["logs", "out", "weights"].map((name) => join(work, name));
    const sets = ["data_params.size=70", "model_params.hidden_dims=[4,4]", "trainer_params.max_steps=1"];
    const args = [NAME, "--backend", "wasm", "--images", "20", "--logs", logs!, "--out", out!];
    execFileSync(
      process.execPath,
      ["--import", "tsx", `${root}scripts/gallery.ts`, ...args, "--weights", weights!].concat(
        sets.flatMap((set) => ["--set", set]),
      ),
      { cwd: root, stdio: "ignore" },
    );
    const record: GalleryRecord = JSON.parse(readFileSync(join(out!, `${NAME}.json`), "utf8"));
    expect(record).toMatchObject({
      name: NAME,
      model: "VanillaVAE",
      data: "shapes3d",
      image_shape: [64, 64, 3],
      train_images: 70,
      epochs: 1,
      steps: 1,
      complete: false,
      backend: "wasm",
      sampler: "gmm",
      set: sets,
      evaluated: { split: "test", images: 20, step: 1 },
    });
    for (const metric of [
      "psnr",
      "ssim",
      "elbo",
      "kl",
      "mig",
      "dci_disentanglement",
      "frechet_tiny_vgg_samples_gmm",
    ])
      expect(record.figures[metric], metric).toEqual(expect.any(Number));
    expect(Object.keys(record.pictures)).toEqual([
      "reconstructions",
      "samples",
      "samples_fitted",
      "interpolations",
      "traversals",
    ]);
    const { width, height } = await sharp(join(out!, record.pictures.samples!)).metadata();
    expect([width, height]).toEqual([2 + 8 * 130, 2 + 4 * 130]); // 8 columns, 4 rows, each pixel as two by two

    const page = await withGallery(PAGE, project([record]));
    expect(rowOf(page, NAME)).toMatch(/ \| 18 \| \d+ s, wasm, \d+ cores of .*; stopped after 1 epochs \| /);
    expect(page).toContain(`![${NAME}: samples](images/gallery/${record.pictures.samples})`);

    const picture = join(work, "again.png");
    const copy = join(weights!, `gallery_${NAME}/version_0`);
    const sampled = await vae(["sample", copy, "--count", "2", "--backend", "wasm", "--out", picture]);
    expect(sampled).toMatchObject({ code: 0, stderr: `wrote ${picture}\n` });
  },
);
