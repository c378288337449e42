import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { Loader } from "../../src/data/loader.ts";
import { FilePool } from "../../src/data/stream/file_pool.ts";
import { listShards } from "../../src/data/stream/list_shard.ts";
import { shuffledNearby } from "../../src/data/stream/shuffle.ts";
import { tarMembers } from "../../src/formats/tar.ts";
import { Rng } from "../../src/rng.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";

// Tars that webdataset and Python's tarfile have written: test/data/made_by_python.py
const golden = fileURLToPath(new URL("golden", import.meta.url));
const shards = {
  name: "webdataset",
  data_path: golden,
  shards: "train-{000000..000002}.tar",
  patch_size: 16,
};

const loader = (split: Parameters<typeof Loader.prototype.at>[0] | object, batchSize = 5) =>
  new Loader(split as never, {
    batchSize,
    imageShape: [16, 16, 3],
    shuffle: true,
    dropLast: true,
    horizontalFlip: false,
    imageRange: "unit",
    prefetch: 2,
    rng: Rng.fromSeed(3),
  });

describe("WebDataset's tars", () => {
  it("give each image its class, and the keys of its JSON", async () => {
    const data = await open({ ...shards, labels: "cls" });
    expect([data.imageShape, data.labelNames, data.labelValues]).toEqual([[16, 16, 3], ["class"], [3]]);
    const { train, val, test } = data.splits;
    expect(train.size + val.size + test.size).toBe(24);
    const seen = new Set<number>();
    for (const split of [train, val, test]) {
      const { images, labels } = await split.read(first(split.size));
      for (const n of first(split.size)) {
        const i = images[n * 768]!;
        seen.add(i);
        expect([...images.subarray(n * 768, n * 768 + 3), labels![n]]).toEqual([i, 2 * i, 255 - i, i % 3]);
      }
    }
    expect(seen.size).toBe(24);
    await data.close();
    const json = await open({ ...shards, labels: ["hue", "name"] });
    const { images, labels } = await json.splits.train.read([3]);
    expect([labels![0], labels![1]]).toEqual([Math.fround(images[0]! / 24), 0]);
    expect([json.labelNames, json.valueNames, json.labelValues]).toEqual([
      ["hue", "name"],
      [undefined, ["a"]],
      undefined,
    ]);
    await json.close();
  });

  it("are shuffled anew each epoch, and an epoch is gone on with exactly", async () => {
    const cacheDir = dataFolder();
    const data = await open({ ...shards, shuffle_buffer: 4 }, { cacheDir });
    const again = await open({ ...shards, shuffle_buffer: 4 }, { cacheDir });
    const epoch = async (split: object, number: number, from = 0) => {
      const found: string[] = [];
      for await (const { coded, indices } of loader(split).batches(number, from))
        found.push(`${indices} ${coded!.codes.subarray(0, 9)}`);
      return found;
    };
    const whole = await epoch(data.splits.train, 1);
    expect(whole.length).toBe(Math.floor(data.splits.train.size / 5));
    expect(await epoch(again.splits.train, 1, 2)).toEqual(whole.slice(2));
    expect(await epoch(data.splits.train, 2)).not.toEqual(whole);
  });

  it("name each broken member, and refuse too many", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vae-tars-"));
    copyFileSync(join(golden, "gnu.tar"), join(folder, "a.tar"));
    copyFileSync(join(golden, "train-000000.tar"), join(folder, "b.tar"));
    const params = { name: "webdataset", data_path: folder, labels: "cls", patch_size: 16 };
    const data = await open({ ...params, max_bad_share: 0.5 });
    expect(data.skipped.map((line) => line.replace(/^.*\//, ""))).toEqual([
      "b: contains unsupported image format",
      "c: no image",
    ]);
    const error = await failure(open(params));
    expect(error.message).toMatch(/expected at most 1 % of \d+ images to be unreadable, got at least 2:\n/);
    await data.close();
  });

  it("that are cut short, compressed or none at all are errors", async () => {
    const whole = readFileSync(join(golden, "train-000000.tar"));
    const cases: [name: string, bytes: Buffer, message: RegExp][] = [
      ["a.tar", whole.subarray(0, 1800), /a\.tar: cut short, after 1800 bytes/],
      [
        "a.tar",
        Buffer.alloc(1024, "no tar"),
        /a\.tar: expected a tar archive, got a header with a wrong checksum at byte 0/,
      ],
      ["a.tgz", whole, /expected a tar that is not compressed/],
    ];
    for (const [name, bytes, message] of cases) {
      const data_path = dataFolder({ [name]: bytes });
      expect((await failure(open({ name: "webdataset", data_path, shards: "*" }))).message).toMatch(message);
    }
    const empty = await failure(open({ name: "webdataset", data_path: dataFolder({ "a.jpg": "x" }) }));
    expect(empty.message).toMatch(
      /expected tars that fit "\*\*\/\*\.tar" in \S+, got 1 others, such as a\.jpg/,
    );
  });
});

it.each(["gnu", "pax", "ustar"])("names of any length in %s archives", async (form) => {
  const file = join(golden, `${form}.tar`);
  const bytes = readFileSync(file);
  const read = async (at: number, length: number) => bytes.subarray(at, at + length);
  const found: [string, string][] = [];
  for await (const { name, offset, size } of tarMembers(read, bytes.length, file))
    found.push([name, bytes.subarray(offset, offset + Math.min(size, 8)).toString("latin1")]);
  const folder = `${"d".repeat(60)}/${form === "ustar" ? "e".repeat(60) : "ü".repeat(100)}`;
  expect(found).toEqual([
    [`${folder}/a.png`, "\x89PNG\r\n\x1a\n"],
    [`${folder}/a.cls`, "2"],
    [`${folder}/b.jpg`, "no image"],
    [`${folder}/b.cls`, "1"],
    [`${folder}/c.cls`, "0"],
  ]);
});

it("a list of files, with labels behind tabs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vae-list-"));
  const lines: string[] = [];
  for (let i = 0; i < 30; i++) {
    const background = { r: i, g: 0, b: 9 };
    await sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toFile(join(folder, `ü ${i}.png`));
    lines.push(`ü ${i}.png\t${i % 2 ? "odd" : "even"}\t${i}`);
  }
  writeFileSync(join(folder, "list.txt"), `${lines.join("\r\n")}\n\n`);
  const params = { name: "file_list", data_path: join(folder, "list.txt"), patch_size: 16 };
  const data = await open({ ...params, label_names: ["parity", "number"] });
  expect([data.labelNames, data.valueNames, data.labelValues]).toEqual([
    ["parity", "number"],
    [["even", "odd"], undefined],
    [2, 30],
  ]);
  const { train, val, test } = data.splits;
  expect(train.size + val.size + test.size).toBe(30);
  const { images, labels } = await train.read(first(train.size));
  for (const n of first(train.size))
    expect([labels![2 * n], labels![2 * n + 1]]).toEqual([images[768 * n]! % 2, images[768 * n]]);
  writeFileSync(join(folder, "list.txt"), `${lines[0]}\nnone.png\t1\t2\n`);
  const bad = await open({ ...params, max_bad_share: 0.5, splits: { val: 0, test: 0 } });
  expect(bad.skipped).toEqual(
    ["none.png: Input file is missing"].map((line) => expect.stringContaining(line.slice(0, 9))),
  );
});

describe("the order of an epoch", () => {
  const starts = [0, 100, 250, 300, 1000];
  const order = shuffledNearby(starts, 1000, 50, Rng.fromSeed(1));

  it("has every place once, whatever the buffer and the limit", () => {
    for (const [size, buffer] of [
      [1000, 50],
      [1000, 1],
      [1000, 5000],
      [120, 50],
      [1, 1],
      [0, 10],
    ] as const) {
      const found = shuffledNearby(starts, size, buffer, Rng.fromSeed(2));
      expect([...found].sort((a, b) => a - b)).toEqual(first(size));
    }
  });

  it("keeps neighbours near each other, and is another one for another seed", () => {
    const shardOf = (place: number) => starts.findIndex((start) => place < start) - 1;
    const few = first(20).map((i) => new Set([...order.subarray(50 * i, 50 * i + 50)].map(shardOf)).size);
    expect(Math.max(...few)).toBeLessThanOrEqual(3);
    expect(order).not.toEqual(shuffledNearby(starts, 1000, 50, Rng.fromSeed(4)));
    expect(order).toEqual(shuffledNearby(starts, 1000, 50, Rng.fromSeed(1)));
  });
});

it("an index of another time is made anew, and one that fits is not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vae-tars-"));
  const cacheDir = dataFolder();
  copyFileSync(join(golden, "train-000000.tar"), join(folder, "a.tar"));
  const told: string[] = [];
  const progress = (what: string) => told.push(what);
  const params = { name: "webdataset", data_path: folder, patch_size: 16, splits: { val: 0, test: 0 } };
  const sizeOf = async () => {
    const data = await open(params, { cacheDir, progress });
    await data.close();
    return data.splits.train.size;
  };
  expect(await sizeOf()).toBe(8);
  const before = told.length;
  expect([await sizeOf(), told.length]).toEqual([8, before]);
  const handle = await openFile(join(folder, "b.tar"), "w");
  await handle.writeFile(readFileSync(join(golden, "train-000001.tar")));
  await handle.close();
  expect(await sizeOf()).toBe(16);
});

it("a long list is cut where its bytes say, without reading it, and has the same lines", async () => {
  const lines = first(5000).map(
    (n) => `folder/${"x".repeat(n % 97)}/${n}.png${n % 11 === 0 ? "\r\n\n" : "\n"}`,
  );
  const folder = dataFolder({ "list.txt": lines.join("") });
  const file = join(folder, "list.txt");
  const bytes = readFileSync(file).length;
  const pool = new FilePool();
  const keysOf = async (long?: number) => {
    const shards = await listShards({ file, bytes, mtimeMs: 0 }, pool, [], long);
    const keys: string[] = [];
    for (const shard of shards)
      for await (const { key, image } of shard.samples()) {
        expect(await shard.image(image!.offset, image!.size)).toBe(join(folder, key));
        keys.push(key);
      }
    return { shards: shards.length, keys };
  };
  const [whole, cut] = [await keysOf(), await keysOf(0)];
  expect([whole.shards, cut.shards]).toEqual([5, Math.ceil(bytes / 65536)]);
  expect(whole.keys).toEqual(lines.map((line) => line.trimEnd()));
  expect(cut.keys).toEqual(whole.keys);
  pool.close();
});
