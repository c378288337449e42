import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { barsPng } from "../../src/images/bars.ts";
import { drawText, textWidth } from "../../src/images/font.ts";
import { gridPng } from "../../src/images/grid.ts";

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
    const options = { columns: 1, range: [0, 255], rowLabels: ["A\nB", "C"], columnLabels: ["1"] } as const;
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

  it("is without labels as it was", async () => {
    const { info } = await pixels(await gridPng(two, [2, 20, 20, 1], { columns: 2, range: [0, 255] }));
    expect([info.width, info.height]).toEqual([46, 24]);
  });
});

it("bars are as high as their values", async () => {
  const png = await barsPng([4, 2, 0], { title: "T", below: ["A", "B"] });
  const { data, info } = await pixels(png);
  const columns = Array.from({ length: info.width }, (_, x) => {
    let tall = 0;
    for (let y = 0; y < info.height; y++) if (data[(y * info.width + x) * info.channels] === 0x40) tall++;
    return tall;
  });
  expect([...new Set(columns)].sort((a, b) => a - b)).toEqual([0, 60, 120]);
});
