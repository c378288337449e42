import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { splitOfEmoji } from "../../scripts/gallery/emoji_split.ts";
import { dataFolder, first, open } from "../support/data.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("a person stays in one split in every skin tone and gender sign, other emoji are spread over the three", () => {
  const same = ["1f46e", "1f46e-1f3fb", "1f46e-1f3ff", "1f46e-1f3fd-200d-2640-fe0f", "1f46e-200d-2642-fe0f"];
  expect(new Set(same.map((name) => splitOfEmoji(`${name}.webp`))).size).toBe(1);
  const others = first(400).map((n) => splitOfEmoji(`${(0x1f300 + n).toString(16)}.webp`));
  const share = (split: string) => others.filter((other) => other === split).length / others.length;
  expect(share("val")).toBeCloseTo(0.1, 1);
  expect(share("test")).toBeCloseTo(0.1, 1);
  expect(share("train")).toBeCloseTo(0.8, 1);
});

test("the package's pictures become a folder of images with its splits, on white", {
  timeout: 120_000,
}, async () => {
  const names = first(40).map((n) => `${(0x1f300 + n).toString(16)}.webp`);
  const drawing = await sharp({
    create: { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .webp()
    .toBuffer();
  const from = dataFolder(
    Object.fromEntries([
      ...names.map((name) => [`package/assets/${name}`, drawing]),
      ["package/package.json", "{}"],
    ]),
  );
  const archive = join(from, "emoji.tgz");
  execFileSync("tar", ["czf", archive, "-C", from, "package"]);
  const folder = join(from, "emoji");
  const args = ["--import", "tsx", `${root}scripts/emoji.ts`, folder, "--package", archive];
  const said = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });

  const made = (split: string) => readdirSync(join(folder, split)).sort();
  for (const split of ["train", "val", "test"])
    expect(made(split)).toEqual(names.filter((name) => splitOfEmoji(name) === split).sort());
  const count = (split: string) => made(split).length;
  expect(said).toContain(`${count("train")} train, ${count("val")} val, ${count("test")} test`);
  const { splits } = await open({ name: "image_folder", data_path: folder });
  expect(splits.train.size).toBe(count("train"));
  const { images } = await splits.train.read([0]);
  expect(images.every((value) => value === 255)).toBe(true);
});
