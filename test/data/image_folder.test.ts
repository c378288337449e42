import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { assignParts } from "../../src/data/image_folder/split.ts";
import { getDataset } from "../../src/data/registry.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { CIFAR_PHOTOS, cifarPhotos } from "../support/cifar_photos.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";
import { all, folder, images, numbered, numbers, plain, wholly } from "../support/image_folders.ts";
import { describeShared } from "../support/shared.ts";

describe("patterns", () => {
  it("choose the images, each once, a list of them too", async () => {
    const root = await numbered(["a/0.png", "a/1.png", "b/2.png", "b/c/3.png"]);
    const chosen = async (pattern: string | string[]) =>
      numbers((await open(folder(root, { pattern, ...wholly }))).splits.train);
    expect(await chosen("a/*.png")).toEqual([0, 1]);
    expect(await chosen("*/[13].PNG")).toEqual([1]);
    expect(await chosen(["b/**/*", "**/3.png", "a/0.*"])).toEqual([0, 2, 3]);
  });

  it("that fit nothing are an error with the pattern and the folder", async () => {
    const root = await numbered(["a/0.png"]);
    const error = await failure(open(folder(root, { pattern: ["*.jpg", "c/*"] })));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`expected images that fit "*.jpg" or "c/*" in ${root}, got none`);
    expect((await failure(open(folder(dataFolder())))).message).toMatch(/got none.*Name the folder above/s);
  });
});

test("data_path has to be a folder that exists", async () => {
  const root = dataFolder({ "celeba.zip": "", "a.png": "" });
  const message = async (params: object) =>
    (await failure(open({ name: "image_folder", ...params }))).message;
  expect(await message({})).toMatch(/data_path: expected a folder of images, got nothing.*--set/);
  expect(await message({ data_path: join(root, "a.png") })).toMatch(/got ".*a\.png", a file\.$/);
  expect(await message({ data_path: join(root, "celeba.zip") })).toMatch(/Unpack it and name the folder\.$/);
  expect(await message({ data_path: join(root, "no") })).toMatch(/which does not exist .*current folder/);
});

describe("splits", () => {
  async function parts(data: Dataset): Promise<Record<string, number[]>> {
    const { train, val, test: held } = data.splits;
    return { train: await numbers(train), val: await numbers(val), test: await numbers(held) };
  }

  it("by a hash of the path are disjoint, of about the shares, and no image moves when others are added", async () => {
    const paths = first(200).map((i) => `${i}.png`);
    const root = await numbered(paths);
    const params = folder(root, { splits: { val: 0.2, test: 0.3 } });
    const before = await parts(await open(params));
    expect(
      Object.values(before)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual(first(200));
    // Four standard deviations of a binomial: 4 sqrt(200 p (1 - p)).
    expect(Math.abs(before.val!.length - 40)).toBeLessThan(23);
    expect(Math.abs(before.test!.length - 60)).toBeLessThan(26);
    for (const [path, bytes] of Object.entries(
      await images(
        first(50).map((i) => `x${i}.png`),
        200,
      ),
    ))
      writeFileSync(join(root, path), bytes);
    const after = await parts(await open(params));
    expect(Object.values(after).flat()).toHaveLength(250);
    for (const part of ["train", "val", "test"])
      expect(after[part]!.filter((n) => n < 200).toSorted(), part).toEqual(before[part]!.toSorted());
  });

  it("by sub-folders take what lies in them, and val its share of train where it has no folder", async () => {
    const names = ["train/0.png", "train/1.png", "val/2.png", "test/a/3.png", "other/4.png", "5.png"];
    const data = await open(folder(await numbered(names)));
    expect(await parts(data)).toEqual({ train: [0, 1], val: [2], test: [3] });
    expect(data.splitNote).toMatch(/sub-folders train, val, test\. 2 images outside/);

    const [train, held] = [first(60).map((i) => `Train/${i}.png`), first(5).map((i) => `test/${i}.png`)];
    const cut = await open(folder(await numbered([...train, ...held])));
    const got = await parts(cut);
    expect(got.test).toEqual([60, 61, 62, 63, 64]);
    expect(got.val!.length).toBeGreaterThan(0);
    expect([...got.train!, ...got.val!].toSorted((a, b) => a - b)).toEqual(first(60));
    expect(cut.splitNote).toMatch(/No folder val: 10 % of train/);

    const valid = await open(folder(await numbered(["train/0.png", "validation/1.png"]), wholly));
    expect(await parts(valid)).toEqual({ train: [0], val: [1], test: [] });
  });

  it("by sub-folders only where they are, unless always or never is said", async () => {
    const root = await numbered(["train/0.png", "train/1.png", "x/2.png"]);
    const counts = async (split_folders: string) => {
      const { train } = (await open(folder(root, { ...wholly, split_folders }))).splits;
      return train.size;
    };
    expect([await counts("auto"), await counts("always"), await counts("never")]).toEqual([3, 2, 3]);
    const none = folder(await numbered(["x/0.png"]), { split_folders: "always" });
    expect((await failure(open(none))).message).toMatch(/expected images for training, got none/);
  });

  it("of train/ alone are its classes, split as its images would be without the folder", async () => {
    const paths = first(120).map((i) => `train/${i % 2 === 0 ? "cat" : "dog"}/${i}.png`);
    const root = await numbered(paths);
    const data = await open(folder(root, { label_from: "folder" }));
    expect([data.valueNames, data.notes]).toEqual([[["cat", "dog"]], []]);
    expect(data.splitNote).toContain("By the sub-folder train. No folder val: 10 % of train");
    const never = await open(folder(root, { label_from: "folder", split_folders: "never" }));
    expect(await parts(data)).toEqual(await parts(never));
    expect(never.valueNames).toEqual([["train"]]);
  });

  it.each([
    [["train/a/0.png", "x/1.png"], /^train\/: read as classes, not as splits\. .*split_folders: always\.$/],
    [
      ["Training/a/0.png", "Test/a/1.png"],
      /^Test\/, Training\/: read as classes.*name them train, val and test/,
    ],
    [["val/a/0.png", "test/a/1.png"], /^test\/, val\/: read as classes/],
    [["train2017/a/0.png", "val2017/1.png"], /^train2017\/, val2017\/: read as classes/],
    [
      ["set/big/train/a/0.png", "set/big/val/a/1.png"],
      /^set\/big\/train\/, set\/big\/val\/: .*let data_path end in \/set\/big\.$/,
    ],
  ])("hint at folders that look like splits and aren't read as such: %s", async (paths, hint) => {
    const data = await open(folder(await numbered(paths), { label_from: "folder", ...wholly }));
    expect(data.notes).toEqual([expect.stringMatching(hint)]);
  });

  it("have no hint where the folders' names say nothing of splits, or split_folders is said", async () => {
    const root = await numbered(["trains/0.png", "planes/1.png", "testimony/2.png"]);
    expect((await open(folder(root, wholly))).notes).toEqual([]);
    const train = await numbered(["train/0.png", "x/1.png"]);
    expect((await open(folder(train, { ...wholly, split_folders: "never" }))).notes).toEqual([]);
  });

  it.each([
    [1, [1, 0, 0]],
    [2, [1, 1, 0]],
    [3, [2, 1, 0]],
    [4, [3, 1, 0]],
    [5, [3, 1, 1]],
    [10, [8, 1, 1]],
  ])(
    "of %i images leave validation one where there are two, and training the most",
    async (count, expected) => {
      for (let from = 0; from < 20; from++) {
        const paths = first(count).map((i) => `${from}_${i}.png`);
        const { parts: drawn } = assignParts(paths, false, { val: 0.1, test: 0.1 });
        const sizes = ["train", "val", "test"].map((part) => drawn.filter((p) => p === part).length);
        const [most, ...held] = sizes;
        if (count > 1) expect(sizes[1]).toBeGreaterThan(0);
        for (const [i, size] of sizes.entries())
          expect(Math.abs(size - expected[i]!), `${sizes}`).toBeLessThan(2);
        expect(Math.max(...held), `${sizes}`).toBeLessThanOrEqual(count > 2 ? most! - 1 : 1);
      }
    },
  );

  it("of few images say so where the hash alone would leave too few, and of more stay those of the hash", () => {
    const shares = { val: 0.1, test: 0.1 };
    const five = first(5).map((i) => `5_${i}.png`);
    const { parts: few, note } = assignParts(five, false, shares);
    const drawn = assignParts(
      first(2000).map((i) => `x${i}.png`),
      false,
      shares,
    );
    expect(note).toBe(
      "By a hash of each image's path and their count: 3 train, 1 val, 1 test (the hash alone: 5 train, 0 val, 0 test).",
    );
    expect(few.filter((part) => part === "train")).toHaveLength(3);
    // Made by the rule as it was before there was another for few images: membership must not change.
    const letters = drawn.parts.slice(0, 60).map((part) => part![1]); // r, a, e: train, val, test
    expect(letters.join("")).toBe("rrrerrrrearrarrarrarrrrrrrrrearrrrrrrrarrrrerrarrrrrarerrrrr");
    const tiny = assignParts(
      first(200).map((i) => `${i}.png`),
      false,
      { val: 0.001, test: 0 },
    );
    expect(tiny.parts.filter((part) => part === "val")).toHaveLength(1);
  });

  it("have to leave some images for training", () => {
    const check = () =>
      getDataset("image_folder")!.check!(folder("/", { splits: { val: 0.5, test: 0.5 } }) as never);
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(/data_params\.splits: expected .* got 0\.5 and 0\.5/);
  });
});

describe("labels from folders", () => {
  const labelled = { label_from: "folder", ...wholly };

  it("number the first sub-folder in order of name, the same in each split", async () => {
    const data = await open(folder(await numbered(["cat/0.png", "ant/x/1.png", "bee/2.png"]), labelled));
    expect(data.labelNames).toEqual(["class"]);
    expect(await numbers(data.splits.train)).toEqual([1, 2, 0]);
    expect([...(await all(data.splits.train)).labels!]).toEqual([0, 1, 2]);
    expect(data.splitNote).toContain("Classes: 0 ant, 1 bee, 2 cat.");

    const byFolder = await open(
      folder(await numbered(["train/ant/0.png", "train/cat/1.png", "test/cat/2.png"]), labelled),
    );
    expect([...(await all(byFolder.splits.train)).labels!]).toEqual([0, 1]);
    expect([...(await all(byFolder.splits.test)).labels!]).toEqual([1]);
  });

  it("are an error for an image without a folder; without them there are none", async () => {
    const root = await numbered(["ant/0.png", "1.png"]);
    expect((await failure(open(folder(root, labelled)))).message).toMatch(
      /label_from: expected each image in the folder of its class, got 1\.png/,
    );
    const data = await open(folder(root, wholly));
    expect([data.labelNames, (await all(data.splits.train)).labels]).toEqual([[], undefined]);
  });
});

describe("the packed cache", () => {
  it("is made once for the same files and transform", async () => {
    const root = await numbered(["0.png", "1.png"]);
    const cacheDir = dataFolder();
    const packings = async (params: object): Promise<number> => {
      let calls = 0;
      await open(folder(root, { ...wholly, ...params }), { cacheDir, progress: () => calls++ });
      return Math.min(1, calls);
    };
    expect([
      await packings({}),
      await packings({}),
      await packings({ splits: { val: 0.5, test: 0 } }),
    ]).toEqual([1, 0, 0]);
    for (const other of [{ patch_size: 16 }, { channels: 1 }, { center_crop: 4 }, { pattern: "0.png" }]) {
      expect([await packings(other), await packings(other)], JSON.stringify(other)).toEqual([1, 0]);
    }
  });

  it("is made anew when a file changes, comes or goes", async () => {
    const root = await numbered(["0.png", "1.png"]);
    const cacheDir = dataFolder();
    const now = async () => numbers((await open(folder(root, wholly), { cacheDir })).splits.train);
    expect(await now()).toEqual([0, 1]);
    writeFileSync(join(root, "1.png"), await plain([7, 0, 0]));
    utimesSync(join(root, "1.png"), 1e9, 1e9);
    expect(await now()).toEqual([0, 7]);
    copyFileSync(join(root, "1.png"), join(root, "2.png"));
    expect(await now()).toEqual([0, 7, 7]);
    appendFileSync(join(root, "0.png"), "a longer file of the same picture");
    utimesSync(join(root, "0.png"), 1e9, 1e9);
    const files = readdirSync(cacheDir).length;
    expect(await now()).toEqual([0, 7, 7]);
    expect(readdirSync(cacheDir).length).toBe(files + 1);
  });
});

describeShared(CIFAR_PHOTOS, "CIFAR-10's photographs as files", () => {
  it("are read with Pillow's bytes, their classes and the mean colour of the data set", async () => {
    const root = cifarPhotos();
    const data = await open(
      folder(join(root, "test"), { patch_size: 32, label_from: "folder", split_folders: "never", ...wholly }),
    );
    const { train } = data.splits;
    expect([train.size, data.skipped]).toEqual([300, []]);
    const { images: packed, labels } = await all(train);
    expect([...labels!]).toEqual(first(300).map((i) => Math.floor(i / 30)));
    expect(data.splitNote).toMatch(/0 airplane, 1 automobile, .* 9 truck/);
    // Pillow 13.0.0: hashlib.sha256(Image.open("test/airplane/0000.jpg").tobytes()).hexdigest()[:16]
    const airplane = createHash("sha256").update(packed.subarray(0, 3072)).digest("hex").slice(0, 16);
    expect(airplane).toBe("74b7a25666474a50");
    for (const [c, mean] of [0.4914, 0.4822, 0.4465].entries()) {
      const sum = packed.reduce((a, value, i) => (i % 3 === c ? a + value : a), 0);
      expect(Math.abs(sum / (300 * 1024) / 255 - mean)).toBeLessThan(0.03);
    }
  });
});
