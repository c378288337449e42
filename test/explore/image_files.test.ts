import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, DataError } from "../../src/errors.ts";
import { findImages, imageBatches } from "../../src/explore/image_files.ts";
import { dataFolder, failure } from "../support/data.ts";
import { numbered } from "../support/image_folders.ts";

const wanted = { imageShape: [8, 8, 3], imageRange: [-1, 1] } as const;

/** Numbers of the images in the colour [n, 0, 0], and what is said of the others. */
async function read(patterns: readonly string[]) {
  const { files, notes } = await findImages(patterns);
  const said = [...notes];
  const reds: number[] = [];
  for await (const { images, shape, files: own } of imageBatches(files, wanted, (s) => said.push(s))) {
    expect(own).toHaveLength(shape[0]);
    for (let n = 0; n < shape[0]; n++) reds.push(Math.round((images[n * 192]! + 1) * 127.5));
  }
  return { reds, said };
}

describe("images of files", () => {
  it("are those of names, folders with links, and globs of any case", async () => {
    const root = await numbered(["0.png", "a/1.PNG", "a/b/2.png", "[x].png"]);
    const elsewhere = await numbered(["4.png", "5.png"]);
    symlinkSync(elsewhere, join(root, "linked"));
    symlinkSync(root, join(root, "a/loop"));
    symlinkSync(root, `${elsewhere}/root`);
    expect((await read([join(root, "0.png"), join(root, "[x].png")])).reds).toEqual([0, 3]);
    expect((await read([join(root, "a", "*.png"), join(root, "a/**/2.*")])).reds).toEqual([1, 2]);
    expect((await read([root])).reds.toSorted()).toEqual([0, 0, 1, 1, 2, 3]); // 4.png and 5.png are red 0 and 1
    expect((await read([join(root, "linked")])).reds).toEqual(expect.arrayContaining([0, 1]));
  });

  it("that can't be read are skipped, and what isn't read is said", async () => {
    const root = await numbered(["0.png", "1.png"]);
    const odd = dataFolder({ "a.jpg": "text", "b\n.png": "", "c.bmp": "", "d.heic": "" });
    expect(await read([join(root, "0.png"), join(odd, "a.jpg"), odd, root])).toEqual({
      reds: [0, 0, 1],
      said: [
        `${odd}: 2 other files left out: 1 .bmp, 1 .heic, the first: c.bmp`,
        `3 images skipped, the first: ${join(odd, "a.jpg")}: contains unsupported image format`,
      ],
    });
  });

  it("are asked for where none can be read, with each reason on a line", async () => {
    const odd = dataFolder({ "a.jpg": "text", "b\n.png": "" });
    const error = await failure(read([odd]));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe(
      `expected JPEG, PNG, WebP, TIFF, GIF or AVIF images, got none that can be read:\n  ${join(odd, "a.jpg")}: ` +
        `contains unsupported image format\n  ${join(odd, "b\\n.png")}: empty file`,
    );
  });

  it("have to be there", async () => {
    const odd = dataFolder({ "c.bmp": "" });
    const message = async (pattern: string) => {
      const error = await failure(findImages([pattern]));
      expect(error).toBeInstanceOf(ConfigError);
      return error.message;
    };
    expect(await message("none.png")).toContain(
      '"none.png": expected an image, a folder of images or a glob',
    );
    expect(await message("none/*.png")).toContain("got no such file");
    expect(await message(odd)).toContain(
      `got a folder without images; ${odd}: 1 other file left out: 1 .bmp: c.bmp (the current folder`,
    );
  });
});
