import { chmodSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../../src/data/image_folder/decode.ts";
import { DataError } from "../../../src/errors.ts";
import { dataFolder, failure, open } from "../../support/data.ts";
import { folder, images, numbered, numbers, wholly } from "../../support/image_folders.ts";
import { withoutRoot } from "../../support/nobody.ts";

describe("images that can't be read", () => {
  async function broken(): Promise<string> {
    const noise = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: "black",
        noise: { type: "gaussian", mean: 128, sigma: 30 },
      },
    });
    const jpeg = await noise.clone().jpeg().toBuffer();
    const png = await noise.clone().png().toBuffer();
    const webp = await noise.clone().webp().toBuffer();
    const root = dataFolder({
      ...(await images(["0.png", "4.png", "z.png"])),
      "1.jpg": jpeg.subarray(0, jpeg.length / 2),
      "2.png": png.subarray(0, png.length / 2),
      "3.webp": webp.subarray(0, webp.length / 2),
      "5.jpg": "",
      "6.jpg": "<html>404 Not Found</html>",
      "7.png": Buffer.concat([png.subarray(0, 16), Buffer.from([255, 255, 255, 255]), png.subarray(20)]),
    });
    symlinkSync(join(root, "gone.jpg"), join(root, "8.jpg"));
    return root;
  }
  const names = ["1.jpg", "2.png", "3.webp", "5.jpg", "6.jpg", "7.png", "8.jpg"];

  it("are skipped with name and reason, and the others keep their order", async () => {
    const root = await broken();
    const cacheDir = dataFolder();
    const progress: number[][] = [];
    const say = (_: string, done: number, total: number) => void progress.push([done, total]);
    const params = folder(root, { ...wholly, max_bad_share: 0.7 });
    const data = await open(params, { cacheDir, progress: say });
    expect(data.skipped.map((text) => text.split(":")[0])).toEqual(names);
    expect(data.skipped.every((text) => /^\S+: \S.*$/.test(text) && !text.includes(root))).toBe(true);
    expect(data.skipped[3]).toBe("5.jpg: empty file");
    expect(data.skipped[6]).toBe("8.jpg: a link to a file that is missing");
    expect(await numbers(data.splits.train)).toEqual([0, 1, 2]);
    expect(progress.at(-1)).toEqual([10, 10]);
    const again = await open(params, { cacheDir });
    expect(again.skipped).toEqual(data.skipped);
    expect(await numbers(again.splits.train)).toEqual([0, 1, 2]);
  });

  it("have the reason of their own, however many are decoded at once", async () => {
    const root = await broken();
    const reason = async (name: string): Promise<string> =>
      decodeImage(join(root, name), { size: 8, channels: 3 }).then(
        () => `${name}: none`,
        (error: Error) => `${name}: ${error.message}`,
      );
    const expected: string[] = [];
    for (const name of names) expected.push(await reason(name));
    for (let round = 0; round < 30; round++) expect(await Promise.all(names.map(reason))).toEqual(expected);
    expect(expected.filter((text) => text.endsWith("none"))).toEqual([]);
  });

  it("are an error above max_bad_share that names the first, also when they are packed already", async () => {
    const root = await broken();
    const cacheDir = dataFolder();
    const text = (count: number) =>
      new RegExp(
        `expected at most 60 % of 10 images to be unreadable, got at least ${count}:\\n {2}1\\.jpg: [\\s\\S]*Mend or remove them, or raise data_params\\.max_bad_share`,
      );
    const strict = folder(root, { max_bad_share: 0.6 });
    const error = await failure(open(strict, { cacheDir }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(text(7));
    expect(readdirSync(cacheDir)).toEqual([]);
    await open(folder(root, { max_bad_share: 1 }), { cacheDir });
    expect((await failure(open(strict, { cacheDir }))).message).toMatch(text(7));
    const none = folder(dataFolder({ "a.jpg": "no" }), { max_bad_share: 1 });
    expect((await failure(open(none))).message).toMatch(/expected images for training, got none/);
  });

  it("for want of permission are skipped, and read as soon as there is permission", async () => {
    const root = await numbered(["0.png", "1.png", "2.png"]);
    const cacheDir = dataFolder();
    chmodSync(join(root, "1.png"), 0);
    chmodSync(root, 0o755);
    const params = folder(root, { ...wholly, max_bad_share: 0.5 });
    const data = await withoutRoot(cacheDir, () => open(params, { cacheDir }));
    expect(data.skipped).toEqual(["1.png: no permission to read it"]);
    expect(await numbers(data.splits.train)).toEqual([0, 2]);
    chmodSync(join(root, "1.png"), 0o644);
    const after = await withoutRoot(cacheDir, () => open(params, { cacheDir }));
    expect(await numbers(after.splits.train)).toEqual([0, 1, 2]);
  });
});
