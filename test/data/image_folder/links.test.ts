import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { progressTo } from "../../../src/cli/progress.ts";
import { IMAGE_FILES, listImages } from "../../../src/data/image_folder/files.ts";
import { dataFolder, failure, first, open } from "../../support/data.ts";
import { folder, numbered, numbers, wholly } from "../../support/image_folders.ts";
import { withoutRoot } from "../../support/nobody.ts";

/** Makes links below `root`, each to its target: an absolute name, or one relative to the link. */
function link(root: string, links: Readonly<Record<string, string>>): void {
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    symlinkSync(target, join(root, name));
  }
}
const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

describe("links", () => {
  it("lead to data_path, to folders and to files", async () => {
    const elsewhere = await numbered(["a/0.png", "a/b/1.png", "2.png"]);
    const root = dataFolder();
    link(root, {
      data: elsewhere,
      "own/folder": join(elsewhere, "a"),
      "own/file.png": join(elsewhere, "2.png"),
    });
    const whole = await open(folder(join(root, "data"), wholly));
    expect(await numbers(whole.splits.train)).toEqual([2, 0, 1]);
    const linked = await open(folder(join(root, "own"), wholly));
    expect(await numbers(linked.splits.train)).toEqual([2, 0, 1]);
    expect(linked.splits.train.files).toEqual(["file.png", "folder/0.png", "folder/b/1.png"]);
    expect([linked.skipped, linked.notes]).toEqual([[], []]);
  });

  it("to train and val are splits, and those within give classes", async () => {
    const pool = await numbered(["cats/0.png", "cats/1.png", "dogs/2.png", "held/cats/3.png"]);
    const root = dataFolder();
    link(root, {
      "train/cat": join(pool, "cats"),
      "train/dog": join(pool, "dogs"),
      val: join(pool, "held"),
    });
    const params = { label_from: "folder", splits: { val: 0.1, test: 0 } };
    const { splits, valueNames } = await open(folder(root, params));
    expect([await numbers(splits.train), await numbers(splits.val)]).toEqual([[0, 1, 2], [3]]);
    expect(valueNames).toEqual([["cat", "cats", "dog"]]);
  });

  it("that loop, lead nowhere or lead to what is read already end, each image is read once, and it is said", async () => {
    const root = await numbered(["a/0.png", "a/b/1.png", "c/2.png"]);
    link(root, {
      "a/b/up": "..",
      "a/b/top": root,
      self: ".",
      "c/to_a": "../a",
      again: "a",
      "a/same.png": "0.png",
      nowhere: "gone",
    });
    const data = await open(folder(root, wholly));
    expect(sorted(await numbers(data.splits.train))).toEqual([0, 1, 2]);
    expect(data.splits.train.files).toEqual(["a/0.png", "a/b/1.png", "c/2.png"]);
    expect(data.notes).toEqual([
      expect.stringMatching(/^\d+ links left out for leading to images that are read already$/),
      "1 link left out for leading nowhere: nowhere",
      expect.stringMatching(/^\d+ links left out for leading to folders that are read already, the first: /),
    ]);
  });

  it("that lead nowhere or to themselves are skipped as images by their reason", async () => {
    const root = await numbered(["0.png"]);
    link(root, { "gone.png": "missing.png", "loop.png": "loop.png" });
    const data = await open(folder(root, { ...wholly, max_bad_share: 1 }));
    expect(data.skipped).toEqual([
      "gone.png: a link to a file that is missing",
      "loop.png: a link that leads back to itself",
    ]);
    const error = await failure(open(folder(join(root, "gone.png"))));
    expect(error.message).toMatch(/got "[^"]*gone\.png", a link to "missing\.png", which does not exist/);
  });

  it("put no image into two splits: what is held out stays held out, and it is said", async () => {
    const root = await numbered(["train/0.png", "train/1.png", "train/2.png", "val/3.png"]);
    link(root, { "val/one.png": "../train/1.png", "test/all": "../val" });
    const data = await open(folder(root, wholly));
    const { train, val, test } = data.splits;
    expect([await numbers(train), val.size, sorted(await numbers(test))]).toEqual([[0, 2], 0, [1, 3]]);
    expect(data.notes).toEqual([
      "1 image in two splits by links, kept in test and not in train, such as test/all/one.png",
      "2 images in two splits by links, kept in test and not in val, such as test/all/3.png",
    ]);

    rmSync(join(root, "val"), { recursive: true });
    rmSync(join(root, "test"), { recursive: true });
    link(root, { val: "train" });
    expect((await failure(open(folder(root)))).message).toMatch(
      /got none: By the sub-folder val\..* 3 images in two splits by links, kept in val and not in train.*remove links/,
    );
  });

  it("in the splits win over the folder that they lead to", async () => {
    const root = await numbered(first(6).map((i) => `pool/${i}.png`));
    link(root, {
      "train/a.png": "../pool/0.png",
      "train/b.png": "../pool/1.png",
      "val/c.png": "../pool/2.png",
      "test/d.png": "../pool/3.png",
    });
    const data = await open(folder(root));
    const { train, val, test } = data.splits;
    expect([await numbers(train), await numbers(val), await numbers(test)]).toEqual([[0, 1], [2], [3]]);
    expect(data.splitNote).toContain("2 images outside these folders are left out.");
  });
});

describe("what else a folder holds", () => {
  it("is counted by its endings and named, without hidden files, devices and the like", async () => {
    const root = await numbered(["0.png", "a/1.PNG"]);
    for (const name of ["a/x.bmp", "y.BMP", "z.heic", "noending", ".hidden", ".git/config"]) {
      mkdirSync(join(root, name, ".."), { recursive: true });
      writeFileSync(join(root, name), "");
    }
    link(root, { "null.jpg": "/dev/null", "folder.jpg": "a" });
    const data = await open(folder(root, wholly));
    expect(await numbers(data.splits.train)).toEqual([0, 1]);
    expect(data.notes).toEqual([
      "1 link left out for leading to images that are read already",
      "4 other files left out (data_params.pattern): 2 .bmp, 1 without an ending, 1 .heic, the first: a/x.bmp",
    ]);
  });

  it("is said where no image is there", async () => {
    const root = dataFolder({ "a.bmp": "", "b.heic": "", "c.heic": "" });
    const { message } = await failure(open(folder(root)));
    expect(message).toContain(
      "There: 3 other files left out (data_params.pattern): 2 .heic, 1 .bmp, the first: a.bmp.",
    );
  });

  it("is left out, and said, where there is no permission to list it", async () => {
    const root = await numbered(["0.png", "closed/1.png"]);
    chmodSync(join(root, "closed"), 0);
    chmodSync(root, 0o755);
    const cacheDir = dataFolder();
    const data = await withoutRoot(cacheDir, () => open(folder(root, wholly), { cacheDir }));
    expect(await numbers(data.splits.train)).toEqual([0]);
    expect(data.notes).toEqual(["1 sub-folder left out, for want of permission to list them: closed/"]);
    const itself = folder(join(root, "closed"));
    const message = await withoutRoot(cacheDir, () => failure(open(itself, { cacheDir }))).then(
      (e) => e.message,
    );
    expect(message).toContain("expected a folder whose files can be listed, got no permission to list it");
    const below = folder(join(root, "closed", "a"));
    expect((await withoutRoot(cacheDir, () => failure(open(below, { cacheDir })))).message).toMatch(
      /got "[^"]*closed\/a", for which there is no permission/,
    );
    chmodSync(join(root, "closed"), 0o755);
  });
});

it("listing says how far it is where it takes long, and where it ended", async () => {
  const root = await numbered(first(3).map((i) => `${i}.png`));
  const said: [string, number, number][] = [];
  const list = () => listImages(root, [IMAGE_FILES], (...words) => void said.push(words));
  await list();
  expect(said).toEqual([]);
  let now = 0;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => (now += 1000));
  await list().finally(() => clock.mockRestore());
  expect(said[0]).toEqual([`listing ${root}`, 3, Number.POSITIVE_INFINITY]);
  expect(said.at(-1)).toEqual([`listing ${root}`, 3, 3]);
  const out = new PassThrough({ encoding: "utf8" });
  const say = progressTo(out as never);
  say(...said[0]!);
  say(...said.at(-1)!);
  expect(out.read()).toBe(`listing ${root}: 3 so far\nlisting ${root}: 3 of 3\n`);
});

it("a pattern can't lead out of the folder", async () => {
  const error = await failure(open(folder(await numbered(["0.png"]), { pattern: "../*.png" })));
  expect(error.message).toContain(
    'data_params.pattern: expected a glob of files below data_path, got "../*.png"',
  );
});
