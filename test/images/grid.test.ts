import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { barsPng } from "../../src/images/bars.ts";
import { drawText, textWidth } from "../../src/images/font.ts";
import { gridPng } from "../../src/images/grid.ts";
import { readableScale } from "../../src/images/scale.ts";

/** What is drawn, as lines of text. */
function drawn(text: string): string[] {
  const rows = Array.from({ length: 7 }, () => Array(textWidth(text)).fill("."));
  drawText(text, (x, y) => {
    rows[y]![x] = "#";
  });
  return rows.map((row) => row.join(""));
}

const pixels = async (png: Buffer) => sharp(png).raw().toBuffer({ resolveWithObject: true });

describe("the font", () => {
  it("draws letters as capitals, and digits", () => {
    expect(drawn("k1")).toEqual([
      "#...#...#..",
      "#..#...##..",
      "#.#.....#..",
      "##......#..",
      "#.#.....#..",
      "#..#....#..",
      "#...#..###.",
    ]);
  });

  it("has every character that labels are made of, each of its own shape", () => {
    const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:/+-=_()<>%?";
    const shapes = [...characters].map((c) => drawn(c).join("\n"));
    expect(new Set(shapes).size).toBe(characters.length);
    expect(drawn("é")).toEqual(drawn("?"));
  });
});

describe("a grid", () => {
  const two = new Uint8Array(2 * 20 * 20).fill(100);

  it("has its labels beside the rows and above the columns, and the images as they are", async () => {
    const options = {
      columns: 1,
      range: [0, 255],
      scale: 1,
      rowLabels: ["A\nB", "C"],
      columnLabels: ["1"],
    } as const;
    const { data, info } = await pixels(await gridPng(two, [2, 20, 20, 1], options));
    const left = textWidth("A") + 4;
    expect([info.width, info.height]).toEqual([left + 22, 11 + 2 * 22]);
    const at = (x: number, y: number) => data[(y * info.width + x) * info.channels];
    for (const [x, y] of [
      [left, 11],
      [left + 19, 30],
      [left, 33],
      [left + 19, 52],
    ] as const)
      expect(at(x, y), `${x},${y}`).toBe(100);
    const ink = (x0: number, x1: number, y0: number, y1: number) => {
      let count = 0;
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (at(x, y) === 0) count++;
      return count;
    };
    const count = (text: string) => drawn(text).join("").replaceAll(".", "").length;
    expect(ink(0, left, 11, 31)).toBe(count("A") + count("B"));
    expect(ink(0, left, 33, 53)).toBe(count("C"));
    expect(ink(left, info.width, 0, 11)).toBe(count("1"));
  });

  it("is without labels no larger than its images", async () => {
    const { info } = await pixels(
      await gridPng(two, [2, 20, 20, 1], { columns: 2, range: [0, 255], scale: 1 }),
    );
    expect([info.width, info.height]).toEqual([46, 24]);
  });
});

describe("enlargement", () => {
  it.each([
    [28, 28, 8, 8, 4], // 112 pixels
    [32, 32, 8, 8, 4],
    [64, 64, 8, 8, 2],
    [64, 128, 6, 11, 2], // pairs of an image and its reconstruction
    [65, 65, 4, 4, 1],
    [256, 256, 2, 2, 1],
    [8, 8, 2, 2, 16],
    [64, 64, 71, 71, 1], // the sheet would be too large
    [32, 32, 20, 20, 3],
  ])("of %ix%i images in %i columns and %i rows is by %i", (height, width, columns, rows, expected) => {
    expect(readableScale({ height, width }, { columns, rows })).toBe(expected);
  });

  it("shows each pixel as a square of it, by the rule or as it is told, with larger text", async () => {
    const colours = Float32Array.from({ length: 2 * 2 * 3 * 3 }, (_, i) => i / 36);
    const shape = [2, 2, 3, 3] as const;
    const small = await pixels(await gridPng(colours, shape, { columns: 2, range: [0, 1], scale: 1 }));
    const large = await pixels(await gridPng(colours, shape, { columns: 2, range: [0, 1], scale: 5 }));
    expect([large.info.width, large.info.height]).toEqual([2 + 2 * 17, 2 + 12]);
    const at = ({ data, info }: typeof small, x: number, y: number) =>
      [...data.subarray((y * info.width + x) * 3, (y * info.width + x + 1) * 3)].join();
    for (let n = 0; n < 2; n++)
      for (let y = 0; y < 10; y++)
        for (let x = 0; x < 15; x++)
          expect(at(large, 2 + n * 17 + x, 2 + y)).toBe(
            at(small, 2 + n * 5 + Math.floor(x / 5), 2 + Math.floor(y / 5)),
          );
    const options = { columns: 2, range: [0, 255], columnLabels: ["1", "2"] } as const;
    const { info } = await pixels(await gridPng(two32(), [2, 32, 32, 1], options));
    expect([info.width, info.height]).toEqual([2 + 2 * 130, 18 + 2 + 130]);
  });

  const two32 = () => new Uint8Array(2 * 32 * 32);
});

describe("bars", () => {
  const heights = async (values: number[], names: string[]) => {
    const { data, info } = await pixels(await barsPng(values, { title: "T", names }));
    return Array.from({ length: info.width }, (_, x) => {
      let tall = 0;
      for (let y = 0; y < info.height; y++) if (data[(y * info.width + x) * info.channels] === 0x40) tall++;
      return tall;
    });
  };

  it("are as high as their values", async () => {
    const columns = await heights([4, 2, 0], ["A", "B", "C"]);
    expect([...new Set(columns)].sort((a, b) => a - b)).toEqual([0, 160, 320]);
  });

  it("of 128 dimensions are each some pixels wide, apart, with names that don't run into each other", async () => {
    const values = Array.from({ length: 128 }, (_, i) => 5 * 0.97 ** i);
    const names = values.map((_, i) => `z ${i}`);
    const columns = await heights(values, names);
    const bars = columns.join(" ").split(/(?: 0)+ /); // what lies between gaps
    expect(bars.filter((bar) => bar !== "0")).toHaveLength(128);
    expect(columns.filter((tall) => tall > 0).length).toBe(128 * 7);
    const { info } = await pixels(await barsPng(values, { title: "T", names }));
    expect([info.width > 1024, info.width < 1200]).toEqual([true, true]);
  });

  it("of one or no value are drawn", async () => {
    expect(Math.max(...(await heights([3], ["z 0"])))).toBe(320);
    expect(Math.max(...(await heights([0, 0], ["z 0", "z 1"])))).toBe(0);
    expect(Math.max(...(await heights([], [])))).toBe(0);
  });
});
