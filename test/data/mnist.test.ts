import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";
import { FILES, idx, images, labels, SIDE, mnistFiles as small } from "../support/mnist.ts";
import { describeShared, shared } from "../support/shared.ts";

const mnist = (files: Readonly<Record<string, Uint8Array>>, more: object = {}) =>
  open({ name: "mnist", data_path: dataFolder(files), ...more });
const fills = async (split: Split) => {
  const { images: packed } = await split.read(first(split.size));
  return first(split.size).map((n) => packed[n * SIDE * SIDE]);
};

test("the last tenth of the training images is val, and each image keeps its class", async () => {
  const data = await mnist(small());
  expect([data.imageShape, data.labelNames]).toEqual([[28, 28, 1], ["class"]]);
  expect(data.splitNote).toBe(
    "test: the 5 published test images; val: the last 3 of the 30 training images; train: the first 27.",
  );
  const { train, val, test: held } = data.splits;
  expect(await fills(train)).toEqual(first(27));
  expect(await fills(val)).toEqual([27, 28, 29]);
  expect(await fills(held)).toEqual(first(5));
  expect((await train.read([26, 3])).labels).toEqual(Float32Array.of(6, 3));
  expect((await val.read([2])).labels).toEqual(Float32Array.of(9));
});

const layouts: Record<string, (name: string, bytes: Buffer) => [string, Buffer]> = {
  "gzipped files": (name, bytes) => [`${name}.gz`, gzipSync(bytes)],
  "files gzipped under the plain name": (name, bytes) => [name, gzipSync(bytes)],
  "names with a point": (name, bytes) => [name.replace("-idx", ".idx"), bytes],
  "torchvision's folder": (name, bytes) => [`MNIST/raw/${name}`, bytes],
};
test.each(Object.keys(layouts))("%s are read", async (kind) => {
  const files = Object.entries(small()).map(([name, bytes]) => layouts[kind]!(name, bytes));
  expect(await fills((await mnist(Object.fromEntries(files))).splits.test)).toEqual(first(5));
});

test("32x32 is padded with zeros, other sizes are resized", async () => {
  const padded = await mnist(small(), { patch_size: 32 });
  const { images: packed } = await padded.splits.train.read([9]);
  const at = (x: number, y: number) => packed[32 * y + x];
  expect([at(1, 16), at(2, 2), at(29, 29), at(30, 16)]).toEqual([0, 9, 9, 0]);
  const larger = await mnist(small(), { patch_size: 64 });
  expect(larger.imageShape).toEqual([64, 64, 1]);
  expect((await larger.splits.train.read([9])).images).toEqual(new Uint8Array(64 * 64).fill(9));
});

test("fashion_mnist has the same layout and its own folder and source", async () => {
  const files = Object.entries(small()).map(([name, bytes]) => [`FashionMNIST/raw/${name}`, bytes]);
  const root = dataFolder(Object.fromEntries(files));
  const data = await open({ name: "fashion_mnist", data_path: root });
  expect([data.name, data.splits.train.size]).toEqual(["fashion_mnist", 27]);
  const error = await failure(open({ name: "fashion_mnist", data_path: dataFolder() }));
  expect(error.message).toMatch(/expected train-images-idx3-ubyte\[\.gz\] in .*zalandoresearch/);
});

test("data_path has to be given and be a folder", async () => {
  const none = await failure(open({ name: "mnist" }));
  expect(none).toBeInstanceOf(ConfigError);
  expect(none.message).toMatch(/data_path: expected the folder of mnist's four IDX files, got nothing/);
});

describe("files that are wrong are errors with name, expected and got", () => {
  const gz = gzipSync(images(30));
  const flipped = Buffer.from(gz);
  flipped[gz.length - 6]! ^= 1; // in the CRC-32
  const cases: [what: string, file: keyof typeof FILES, bytes: Buffer | undefined, message: RegExp][] = [
    [
      "missing images",
      "images",
      undefined,
      /data_path: expected train-images-idx3-ubyte\[\.gz\] in \S+, got/,
    ],
    ["missing labels", "testLabels", undefined, /expected t10k-labels-idx1-ubyte\[\.gz\]/],
    ["empty", "images", Buffer.alloc(0), /expected an IDX file .*got an empty file/],
    [
      "a header cut short",
      "images",
      images(30).subarray(0, 10),
      /expected an IDX file .*00000803.*got 00000803/,
    ],
    [
      "cut short",
      "images",
      images(30).subarray(0, 5000),
      /cut short: .*30x28x28 values, 23536 bytes .*got .*5000/,
    ],
    ["too long", "labels", Buffer.concat([labels(30), Buffer.alloc(1)]), /too long: .*promises 30 values/],
    ["gzip cut short", "images", gz.subarray(0, gz.length / 2), /damaged gzip file: unexpected end of file/],
    ["gzip with a flipped bit", "images", flipped, /damaged gzip file: incorrect data check/],
    [
      "gzip of too much",
      "labels",
      gzipSync(Buffer.concat([labels(30), Buffer.alloc(99)])),
      /too long|holds more/,
    ],
    ["gzip of nothing", "images", gzipSync(Buffer.alloc(0)), /expected an IDX file .*got an empty file/],
    ["another magic number", "images", Buffer.from("PK\x03\x04 a zip archive, say"), /got 504b0304/],
    ["labels for images", "images", labels(30), /with 3 dimensions .*got 00000801/],
    ["images for labels", "labels", images(30), /with 1 dimension .*got 00000803/],
    ["floats", "images", idx([30, 28, 28], Buffer.alloc(30 * 784 * 4), 13), /unsigned bytes.*got 00000d03/],
    ["a header that lies", "images", idx([4e9, 28, 28], Buffer.alloc(999)), /cut short: .*4000000000x28x28/],
    [
      "a gzipped header that lies",
      "images",
      gzipSync(idx([4e9, 28, 28], Buffer.alloc(999))),
      /cut short: .*zipped/,
    ],
    [
      "a small lie, gzipped",
      "images",
      gzipSync(idx([31, 28, 28], Buffer.alloc(30 * 784))),
      /cut short: .*got 23536/,
    ],
    ["no images", "images", images(0), /expected images of 28x28, got 0x28x28/],
    ["images of another size", "images", idx([30, 32, 32], Buffer.alloc(30 * 1024)), /got 30x32x32/],
    ["fewer labels than images", "labels", labels(29), /expected 30 labels, one an image of .*, got 29/],
    [
      "a label above 9",
      "labels",
      idx([30], Buffer.alloc(30, 10)),
      /expected labels from 0 to 9, got 10 at 0/,
    ],
  ];
  it.each(cases)("%s", async (_, name, bytes, message) => {
    const files = small();
    if (bytes === undefined) delete files[FILES[name]];
    else files[FILES[name]] = bytes;
    const error = await failure(mnist(files));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(FILES[name]);
  });
});

describeShared("data/mnist", "MNIST itself", () => {
  it("has its splits, first labels, class counts and mean, gzipped or not", async () => {
    const data = await open({ name: "mnist", data_path: `${shared}/data/mnist` });
    const { train, val, test: held } = data.splits;
    expect([train.size, val.size, held.size]).toEqual([55_000, 5_000, 10_000]);
    expect([...(await train.read(first(10))).labels!]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...(await held.read(first(10))).labels!]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const parts = await Promise.all([train, val].map((split) => split.read(first(split.size))));
    const ones = parts.reduce((n, { labels: l }) => n + l!.filter((label) => label === 1).length, 0);
    expect(ones).toBe(6742);
    const sum = parts.reduce((a, part) => a + part.images.reduce((b, value) => b + value, 0), 0);
    expect(sum / (60_000 * 784 * 255)).toBeCloseTo(0.1307, 4); // as its users normalize it

    const root = dataFolder();
    for (const name of Object.values(FILES)) {
      const from = `${shared}/data/mnist/${name}.gz`;
      if (name.startsWith("train")) copyFileSync(from, join(root, `${name}.gz`));
      else writeFileSync(join(root, name), gunzipSync(readFileSync(from)));
    }
    const mixed = await open({ name: "mnist", data_path: root });
    const rows = [0, 4999, 9999];
    expect(await mixed.splits.test.read(rows)).toEqual(await held.read(rows));
  });
});
