import { describe, expect, it, test } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { DataError } from "../../src/errors.ts";
import { batch, cifar10Files as files, PLANE, RECORD, record } from "../support/cifar10.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";

const cifar = (content: Readonly<Record<string, Uint8Array>>, more: object = {}) =>
  open({ name: "cifar10", data_path: dataFolder(content), ...more });
const corners = async (split: Split) => {
  const { images } = await split.read(first(split.size));
  return first(split.size).map((n) => [...images.subarray(n * 3 * PLANE, n * 3 * PLANE + 3)]);
};

test("planes become pixels, batches follow each other, and the last tenth of the training images is val", async () => {
  const data = await cifar(files());
  expect([data.imageShape, data.labelNames, data.skipped]).toEqual([[32, 32, 3], ["class"], []]);
  const { train, val, test: held } = data.splits;
  const image = (k: number, i: number) => [k, i, 200];
  expect(await corners(train)).toEqual(first(45).map((n) => image(1 + Math.floor(n / 10), n % 10)));
  expect(await corners(val)).toEqual([5, 6, 7, 8, 9].map((i) => image(5, i)));
  expect(await corners(held)).toEqual(first(10).map((i) => image(6, i)));
  const { images, labels } = await train.read([13]);
  expect([...labels!]).toEqual([3]);
  const at = (x: number, y: number) => [...images.subarray(3 * (32 * y + x), 3 * (32 * y + x) + 3)];
  expect([at(5, 2), at(2, 5), at(31, 31)]).toEqual([[255, 255, 255], image(2, 3), image(2, 3)]);
});

test("the archive's own folder is found, and other sizes are resized", async () => {
  const data = await cifar(files("cifar-10-batches-bin/"), { patch_size: 64 });
  expect([data.imageShape, data.splits.train.size]).toEqual([[64, 64, 3], 45]);
  const { images } = await data.splits.test.read([4]);
  expect([images.length, ...images.subarray(0, 3)]).toEqual([64 * 64 * 3, 6, 4, 200]);
});

describe("files that are wrong are errors with name, expected and got", () => {
  const cases: [what: string, name: string, bytes: Buffer | undefined, message: RegExp][] = [
    ["a missing batch", "data_batch_3.bin", undefined, /data_path: expected data_batch_3\.bin in .*archive/],
    ["no test batch", "test_batch.bin", undefined, /expected test_batch\.bin/],
    ["empty", "data_batch_1.bin", Buffer.alloc(0), /whole records of 3073 bytes, got 0 bytes/],
    ["cut short", "data_batch_5.bin", batch(5).subarray(0, 9 * RECORD + 7), /got 27664 bytes\. Download/],
    ["one byte too many", "test_batch.bin", Buffer.alloc(RECORD + 1), /got 3074 bytes/],
    ["no class", "data_batch_2.bin", Buffer.concat([batch(2), record(10, [0, 0, 0])]), /got 10 in record 10/],
    // CIFAR-100's binary records have a coarse and a fine label.
    ["CIFAR-100's", "data_batch_1.bin", Buffer.alloc(10 * (RECORD + 1)), /got 30740 bytes/],
  ];
  it.each(cases)("%s", async (_, name, bytes, message) => {
    const content = files();
    if (bytes === undefined) delete content[name];
    else content[name] = bytes;
    const error = await failure(cifar(content));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(name);
  });

  it("a damaged Python version, and a damaged archive", async () => {
    for (const prefix of ["", "cifar-10-batches-py/"]) {
      const error = await failure(cifar({ [`${prefix}data_batch_1`]: Buffer.from("a pickle") }));
      expect(error.message).toMatch(/data_batch_1: its pickle has nothing on its stack/);
    }
    const error = await failure(cifar({ "cifar-10-binary.tar.gz": Buffer.from("gz") }));
    expect(error.message).toMatch(/cifar-10-binary\.tar\.gz: damaged gzip file: .*Download it again/);
  });
});
