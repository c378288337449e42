import { closeSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { type HostBatch, Loader } from "../../src/data/loader.ts";
import { SEAL } from "../../src/data/records/sealed.ts";
import { writeRecords } from "../../src/data/records/write_records.ts";
import { range, splitOf } from "../../src/data/store.ts";
import { DataError } from "../../src/errors.ts";
import { Rng } from "../../src/rng.ts";
import { dataFolder, failure, open } from "../support/data.ts";
import { sparseRecords } from "../support/made_records.ts";

const STRIDE = 8 * 8 * 3 + 8 + SEAL;

/** Image n is 192 bytes of n modulo 251; its labels n modulo 10 and n / 2. */
function made(counts = { train: 1003, val: 20, test: 7 }): Dataset {
  const split = (from: number, count: number) => {
    const store = {
      read: async (rows: ArrayLike<number>) =>
        Uint8Array.from({ length: 192 * rows.length }, (_, i) => rows[Math.floor(i / 192)]! % 251),
    };
    const values = Float32Array.from({ length: 2 * (from + count) }, (_, i) =>
      i % 2 === 0 ? (i / 2) % 10 : (i - 1) / 4,
    );
    return splitOf(store, range(from, from + count), { values, width: 2 });
  };
  const { train, val, test: last } = counts;
  return {
    name: "made",
    imageShape: [8, 8, 3],
    splits: { train: split(0, train), val: split(train, val), test: split(train + val, last) },
    splitNote: "Made in order.",
    labelNames: ["class", "half"],
    valueNames: [["a", "b"], undefined],
    skipped: [],
    close: async () => {},
  };
}

const fileBytes = 400 * STRIDE; // so that training images take three files
const packed = async (dataset = made()) => {
  const folder = dataFolder();
  await writeRecords(dataset, folder, { fileBytes });
  return folder;
};
const opened = (data_path: string, more = {}) => open({ name: "records", data_path, ...more });

it("gives the images and labels of each split as they were, in any order, from files of a limited size", async () => {
  const folder = await packed();
  expect(readdirSync(folder).sort()).toEqual([
    "records.json",
    "test-00000.records",
    ...["train-00000.records", "train-00001.records", "train-00002.records"],
    "val-00000.records",
  ]);
  expect(statSync(join(folder, "train-00000.records")).size).toBe(fileBytes);
  const data = await opened(folder);
  expect(data).toMatchObject({
    imageShape: [8, 8, 3],
    splitNote: "Made in order.",
    labelNames: ["class", "half"],
    valueNames: [["a", "b"], undefined],
  });
  const source = made();
  for (const name of ["train", "val", "test"] as const) {
    const split = data.splits[name];
    expect(split.size).toBe(source.splits[name].size);
    const all = range(0, split.size);
    expect(await split.read(all)).toEqual(await source.splits[name].read(all));
  }
  const some = [1002, 3, 399, 400, 401, 5, 5, 800, 799];
  expect(await data.splits.train.read(some)).toEqual(await source.splits.train.read(some));
  await data.close();
});

it("says what is wrong with a folder, a file that is cut short, a record that is damaged", async () => {
  expect((await failure(opened(dataFolder()))).message).toMatch(
    /data_path: expected records\.json in \S+, got no such file\. vae data pack makes such a folder/,
  );
  expect((await failure(opened(dataFolder({ "records.json": "{}" })))).message).toMatch(
    /records\.json: expected what vae data pack writes .*, got something else/,
  );
  const folder = await packed();
  expect((await failure(opened(folder, { patch_size: 64 }))).message).toMatch(
    /patch_size: expected 8, the size that \S+ was packed at, got 64/,
  );
  const file = join(folder, "train-00001.records");
  const fd = openSync(file, "r+");
  writeSync(fd, Buffer.from([254]), 0, 1, 7 * STRIDE + 100);
  closeSync(fd);
  const data = await opened(folder);
  const error = await failure(data.splits.train.read([406, 407, 408]));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toBe(
    `${file}: record 7 is damaged: its checksum is wrong. Copy it anew from where it is whole, or pack again.`,
  );
  expect((await data.splits.train.read([406, 408])).labels).toHaveLength(4);
  await data.close();
  truncateSync(file, fileBytes - 1);
  expect((await failure(opened(folder))).message).toBe(
    `${file}: expected ${fileBytes} bytes, 400 records, got ${fileBytes - 1}. Copy it anew from where it is whole, or pack again.`,
  );
});

it("is gone on with where a packing was stopped, also in the middle of a record, and ends the same", async () => {
  const whole = await packed();
  for (const reads of [1, 3, 4]) {
    const folder = dataFolder();
    let left = reads;
    const source = made();
    const { train } = source.splits;
    const failing: Dataset = {
      ...source,
      splits: {
        ...source.splits,
        train: {
          ...train,
          async read(rows) {
            if (left-- < 0) throw new Error("stopped");
            return train.read(rows);
          },
        },
      },
    };
    expect((await failure(writeRecords(failing, folder, { fileBytes }))).message).toBe("stopped");
    const files = readdirSync(folder).filter((name) => name.startsWith("train"));
    const last = join(folder, files.at(-1)!);
    if (statSync(last).size > 0) truncateSync(last, statSync(last).size - 77);
    expect((await failure(opened(folder))).message).toMatch(/one that was stopped goes on/);
    const done: number[] = [];
    await writeRecords(made(), folder, { fileBytes, progress: (_, count) => done.push(count) });
    expect(done[0]).toBe(files.length > 1 ? 400 : 255);
    for (const name of readdirSync(whole))
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(whole, name)))).toBe(true);
    expect(readdirSync(folder)).toHaveLength(readdirSync(whole).length);
  }
});

it("does not go on with other data, and does not write over what is whole", async () => {
  const folder = await packed();
  expect((await failure(writeRecords(made(), folder, { fileBytes }))).message).toMatch(
    /expected a folder without packed data, got one with records\.json/,
  );
  const begun = dataFolder({ "packing.json": "other" });
  expect((await failure(writeRecords(made(), begun))).message).toMatch(
    /expected to go on with the packing that is there, got other data than it was begun with/,
  );
});

const loaderOf = (data: Dataset, more = {}) =>
  new Loader(data.splits.train, {
    batchSize: 64,
    imageShape: data.imageShape,
    shuffle: "blocks",
    dropLast: true,
    horizontalFlip: true,
    imageRange: "unit",
    prefetch: 2,
    rng: Rng.fromSeed(4),
    ...more,
  });

const all = async (batches: AsyncIterable<HostBatch>) => {
  const list: string[] = [];
  for await (const { coded, labels, indices } of batches)
    list.push(`${indices} ${labels} ${Buffer.from(coded!.codes).toString("base64")}`);
  return list;
};

test("an epoch by blocks is the same from files as from memory, and from any batch on", async () => {
  const data = await opened(await packed());
  const whole = await all(loaderOf(data).batches(2));
  expect(whole).toHaveLength(15);
  expect(await all(loaderOf(made()).batches(2))).toEqual(whole);
  for (const from of [1, 7, 14, 15])
    expect(await all(loaderOf(data).batches(2, from))).toEqual(whole.slice(from));
  expect(await all(loaderOf(data).batches(3))).not.toEqual(whole);
  await data.close();
});

/** Bytes that this process has read by system calls, from a disk or not. */
const bytesRead = () => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))![1]);

test.skipIf(process.platform !== "linux")(
  "ten million records are opened and an epoch is begun anywhere without reading them or counting them in memory",
  async () => {
    const folder = dataFolder();
    sparseRecords(folder, 10_000_000, 1_000_000);
    const before = [bytesRead(), process.memoryUsage().rss] as const;
    const data = await opened(folder);
    expect(data.splits.train.size).toBe(10_000_000);
    expect(bytesRead() - before[0]).toBeLessThan(1e6);
    const reads: number[] = [];
    const { train } = data.splits;
    const noted = {
      ...train,
      async read(rows: ArrayLike<number>) {
        reads.push(rows.length);
        return { images: new Uint8Array(rows.length * 192), labels: new Float32Array(rows.length) };
      },
    };
    const loader = loaderOf({ ...data, splits: { ...data.splits, train: noted } }, { batchSize: 256 });
    for (const [epoch, batch] of [
      [0, 0],
      [1, 20_000],
      [2, 39_061],
    ] as const) {
      const batches = loader.batches(epoch, batch);
      const { value } = await batches.next();
      expect(new Set((value as HostBatch).indices).size).toBe(256);
      await batches.return();
    }
    expect(Math.max(...reads)).toBeLessThanOrEqual(65_536); // a window, 13 MB of images
    expect((await loader.spread(64)).indices).toHaveLength(64);
    expect(process.memoryUsage().rss - before[1]).toBeLessThan(300e6);
    await data.close();
  },
);
