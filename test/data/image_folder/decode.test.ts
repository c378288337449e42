import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { dataFolder, first, open } from "../../support/data.ts";
import { type Color, colors, folder, plain, wholly } from "../../support/image_folders.ts";

test("images of all kinds that are read, of any upper or lower case, are found in order of path, hidden and other files are not", async () => {
  const [red, green, blue]: Color[] = [
    [250, 10, 10],
    [10, 250, 10],
    [10, 10, 250],
  ];
  const root = dataFolder({
    "c/deep/er.WEBP": await plain(blue!, "webp"),
    "a.JPG": await plain(red!, "jpeg"),
    "b [1] ä.png": await plain(green!),
    "d.jpeg": await plain(red!, "jpeg"),
    "._a.jpg": "a Mac's",
    "notes.txt": "text",
    "f.GIF": await sharp(await plain(green!))
      .gif()
      .toBuffer(),
    "g.tiff": await sharp(await plain(blue!))
      .tiff()
      .toBuffer(),
    "h.TIF": await sharp(await plain(red!))
      .tiff()
      .toBuffer(),
    "i.avif": await sharp(await plain(green!))
      .avif({ lossless: true })
      .toBuffer(),
    "j.jfif": await plain(blue!, "jpeg"),
    "k.jpe": await plain(red!, "jpeg"),
    "l.bmp": "not read",
  });
  mkdirSync(join(root, "folder.jpg"));
  const data = await open(folder(root, wholly));
  expect(data.imageShape).toEqual([8, 8, 3]);
  expect(data.skipped).toEqual([]);
  const expected = [red!, green!, blue!, red!, green!, blue!, red!, green!, blue!, red!];
  for (const [i, color] of (await colors(data.splits.train)).entries()) {
    for (const c of first(3)) expect(Math.abs(color[c]! - expected[i]![c]!), `image ${i}`).toBeLessThan(9);
  }
});

describe("an image is turned, laid on white and brought to 8-bit RGB", () => {
  /** 8x8, its left half black, its right half white. */
  const halves = sharp(
    Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 0 : 255)),
    {
      raw: { width: 8, height: 8, channels: 1 },
    },
  );
  const pixels = async (image: Buffer, more: object = {}) => {
    const data = await open(folder(dataFolder({ "a.png": image }), { ...wholly, ...more }));
    const { images: packed } = await data.splits.train.read([0]);
    const channels = data.imageShape[2];
    return (x: number, y: number) => [...packed.subarray((8 * y + x) * channels, (8 * y + x + 1) * channels)];
  };
  const [black, white] = [
    [0, 0, 0],
    [255, 255, 255],
  ];

  test.each([
    [1, black, white, black, white],
    [3, white, black, white, black],
    [6, black, black, white, white],
    [8, white, white, black, black],
  ])("EXIF orientation %i", async (orientation, topLeft, topRight, bottomLeft, bottomRight) => {
    const at = await pixels(await halves.clone().withMetadata({ orientation }).png().toBuffer());
    expect([at(0, 0), at(7, 0), at(0, 7), at(7, 7)]).toEqual([topLeft, topRight, bottomLeft, bottomRight]);
  });

  it("grey becomes colour, and colour grey by ITU-R 601", async () => {
    const grey = await halves.clone().toColourspace("b-w").png().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const at = await pixels(grey);
    expect([at(0, 0), at(7, 7)]).toEqual([black, white]);
    const one = await pixels(await plain([200, 100, 50]), { channels: 1 });
    expect(one(3, 3)).toEqual([Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]);
  });

  it("transparent becomes white, half transparent half white", async () => {
    const rgba = Uint8Array.from(first(64).flatMap((i) => [255, 0, 0, [0, 128, 255][i % 8] ?? 255]));
    const png = await sharp(rgba, { raw: { width: 8, height: 8, channels: 4 } })
      .png()
      .toBuffer();
    const at = await pixels(png);
    expect(at(0, 0)).toEqual(white);
    expect(at(2, 0)).toEqual([255, 0, 0]);
    expect(Math.abs(at(1, 0)[1]! - 127)).toBeLessThan(2);
  });

  it("16 bits a channel, palettes and CMYK", async () => {
    const color: Color = [200, 100, 50];
    const create = sharp(await plain(color));
    const deep = await create.clone().toColourspace("rgb16").png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    const palette = await create.clone().png({ palette: true }).toBuffer();
    const cmyk = await create.clone().toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).channels).toBe(4);
    for (const image of [deep, palette]) expect((await pixels(image))(4, 4)).toEqual(color);
    const printed = (await pixels(cmyk))(4, 4); // [199, 94, 21]: the ink's nearest
    for (const c of first(3)) expect(Math.abs(printed[c]! - color[c]!)).toBeLessThan(32);
  });
});

test("CelebA's folder is cropped to 148 pixels before resizing, as PyTorch-VAE does; center_crop says otherwise", async () => {
  const face = await sharp({ create: { width: 178, height: 218, channels: 3, background: "red" } })
    .composite([{ input: await plain([0, 255, 0], "png", 148), left: 15, top: 35 }])
    .png()
    .toBuffer();
  const root = dataFolder({ "celeba/img_align_celeba/000001.jpg": face });
  const corner = async (params: object) => {
    const data = await open(folder(join(root, "celeba"), { patch_size: 64, ...wholly, ...params }));
    const { images: packed } = await data.splits.train.read([0]);
    return [[...packed.subarray(0, 3)], data.splitNote.includes("center_crop 148")];
  };
  expect(await corner({})).toEqual([[0, 255, 0], true]);
  expect(await corner({ center_crop: 0 })).toEqual([[255, 0, 0], false]);
  expect(await corner({ center_crop: 150 })).toEqual([expect.not.arrayContaining([0, 255]), false]);
});
