import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { openPacked, type Packed, type Recipe } from "../../src/data/packed.ts";
import { UserError } from "../../src/errors.ts";
import { dataFolder, failure, first } from "../support/data.ts";
import { slowPack } from "../support/slow_pack.ts";

const shape = [2, 3, 3] as const;
const bytes = 18;

/** Images of `count` whose bytes all are their number; counts how often it is made. */
function recipe(count: number, key: unknown = "a") {
  const made = { times: 0 };
  const whole: Recipe = {
    name: "test",
    key,
    shape,
    capacity: count,
    async make({ put }) {
      made.times++;
      for (let i = count - 1; i >= 0; i--) await put(i, new Uint8Array(bytes).fill(i));
      return { count, meta: { note: "kept" } };
    },
  };
  return { ...whole, made };
}

const numbers = async (packed: Packed, rows: number[]) => {
  const images = await packed.read(rows);
  return rows.map((_, i) => images[i * bytes]);
};

test("images are made once, kept with what else was to remember, and read by row", async () => {
  const cacheDir = dataFolder();
  const r = recipe(10);
  const packed = await openPacked(r, { cacheDir });
  expect(await numbers(packed, [7, 0, 0, 9, 1, 2, 3])).toEqual([7, 0, 0, 9, 1, 2, 3]);
  const again = await openPacked(r, { cacheDir });
  expect([r.made.times, again.count, again.meta, again.file]).toEqual([1, 10, { note: "kept" }, packed.file]);
  expect(readdirSync(cacheDir)).toHaveLength(1);
});

test("another key or shape is another file", async () => {
  const cacheDir = dataFolder();
  const [a, b] = [recipe(4, { crop: 1 }), recipe(4, { crop: 2 })];
  const files = [
    (await openPacked(a, { cacheDir })).file,
    (await openPacked(b, { cacheDir })).file,
    (await openPacked({ ...a, shape: [3, 2, 3] }, { cacheDir })).file,
  ];
  expect(new Set(files).size).toBe(3);
});

const harm: Record<string, (file: string, size: number) => void> = {
  "cut short": (file, size) => withFile(file, (fd) => ftruncateSync(fd, size - 1)),
  "cut to its images": (file) => withFile(file, (fd) => ftruncateSync(fd, 10 * bytes)),
  emptied: (file) => withFile(file, (fd) => ftruncateSync(fd, 0)),
  "changed in one image byte": (file) => withFile(file, (fd) => writeSync(fd, Buffer.from([77]), 0, 1, 100)),
  "changed in its footer": (file) =>
    writeFileSync(
      file,
      Buffer.from(readFileSync(file, "latin1").replace('"count":10', '"count":11'), "latin1"),
    ),
  "changed in what it remembers": (file) =>
    writeFileSync(file, Buffer.from(readFileSync(file, "latin1").replace("kept", "lost"), "latin1")),
  "replaced by another file's content": (file) => writeFileSync(file, "x".repeat(500)),
};
function withFile(file: string, change: (fd: number) => void): void {
  const fd = openSync(file, "r+");
  change(fd);
  closeSync(fd);
}

test.each(Object.keys(harm))("a file that was %s is recognised and made anew", async (kind) => {
  const cacheDir = dataFolder();
  const r = recipe(10);
  const { file } = await openPacked(r, { cacheDir });
  const before = readFileSync(file);
  harm[kind]!(file, before.length);
  const packed = await openPacked(r, { cacheDir });
  expect(r.made.times).toBe(2);
  expect(await numbers(packed, first(10))).toEqual(first(10));
  expect(readFileSync(file).equals(before)).toBe(true);
});

test("the name of a file is a hash of its recipe as JSON, so that files stay those of their recipes", async () => {
  const key = {
    version: 1,
    none: undefined,
    files: [
      ["a.png", 3, { deep: [1] }],
      ["b.png", 4],
    ],
    empty: [],
    f: {},
  };
  const { file } = await openPacked(recipe(2, key), { cacheDir: dataFolder() });
  const json = JSON.stringify(["tfjs-vae packed images 1", shape, key]);
  const hash = createHash("sha256").update(json).digest("hex");
  expect(basename(file)).toBe(`test-${hash.slice(0, 20)}.packed`);
});

test("fewer images than expected are packed without gaps", async () => {
  const r = {
    ...recipe(10),
    make: async ({ put }: Parameters<Recipe["make"]>[0]) => {
      await put(0, new Uint8Array(3 * bytes).fill(5));
      return { count: 3, meta: ["seven were bad"] };
    },
  };
  const cacheDir = dataFolder();
  await openPacked(r, { cacheDir });
  const packed = await openPacked(r, { cacheDir });
  expect([packed.count, packed.meta]).toEqual([3, ["seven were bad"]]);
});

test("a failure while packing leaves nothing behind, and abandoned temporary files go", async () => {
  const cacheDir = dataFolder();
  const r = recipe(4);
  const { file } = await openPacked(r, { cacheDir });
  withFile(file, (fd) => ftruncateSync(fd, 3));
  const temporary = (mark: string) => join(dirname(file), `.${basename(file)}.${mark}.tmp`);
  writeFileSync(temporary("0123"), "left by a killed process");
  utimesSync(temporary("0123"), 1e9, 1e9);
  writeFileSync(temporary("4567"), "being written by another process");
  const failing = { ...r, make: async () => Promise.reject(new Error("no more")) };
  expect((await failure(openPacked(failing, { cacheDir }))).message).toBe("no more");
  expect(readdirSync(cacheDir).filter((name) => name.endsWith(".tmp"))).toEqual([
    expect.stringContaining(".4567.tmp"),
  ]);
});

test("a cache folder that can't be written is a user's error with the folder's name", async () => {
  const root = dataFolder({ file: "not a folder" });
  const error = await failure(openPacked(recipe(1), { cacheDir: join(root, "file") }));
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toContain(join(root, "file"));
});

test("processes that make the same at once all read whole images", async () => {
  const cacheDir = dataFolder();
  const script = join(import.meta.dirname, "../support/pack_process.ts");
  const answers = await Promise.all(
    first(3).map(
      () =>
        new Promise((resolve, reject) => {
          const child = fork(script, [cacheDir], { execArgv: ["--import", "tsx"] });
          child.once("message", resolve);
          child.once("exit", (code) => reject(new Error(`exit code ${code} before an answer`)));
        }),
    ),
  );
  expect(answers).toEqual([first(200), first(200), first(200)]);
  expect(readdirSync(cacheDir)).toHaveLength(1);
});

test("a large pack whose process was killed is gone on with, and ends the same", async () => {
  const cacheDir = dataFolder();
  const child = fork(join(import.meta.dirname, "../support/slow_pack_process.ts"), [cacheDir], {
    execArgv: ["--import", "tsx"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await vi.waitUntil(() => readdirSync(cacheDir).some((name) => name.endsWith(".part.json")), 20_000);
  child.kill("SIGKILL");
  await ended;
  const done: number[] = [];
  const rest = slowPack(0);
  const packed = await openPacked(rest, { cacheDir, progress: (_, count) => done.push(count) });
  expect(rest.began[0]).toBeGreaterThan(0);
  expect(done[0]).toBe(rest.began[0]! + 1);
  const whole = await openPacked(slowPack(0), { cacheDir: dataFolder() });
  expect(readFileSync(packed.file).equals(readFileSync(whole.file))).toBe(true);
  expect(readdirSync(cacheDir)).toEqual([basename(packed.file)]);
});

test("a set of 256 MB is read from its file, by row, and says so when the file is cut while in use", async () => {
  const cacheDir = dataFolder();
  const side = 512;
  const image = side * side * 3;
  const count = 340; // 267 MB
  const packed = await openPacked(
    {
      name: "big",
      key: 1,
      shape: [side, side, 3],
      capacity: count,
      async make({ put }) {
        for (let i = 0; i < count; i++) await put(i, new Uint8Array(image).fill(i % 251));
        return { count, meta: null };
      },
    },
    { cacheDir },
  );
  const rows = [339, 3, 4, 5, 0, 251];
  const images = await packed.read(rows);
  for (const [i, row] of rows.entries()) {
    const one = images.subarray(i * image, (i + 1) * image);
    expect([one[0], one[image - 1]]).toEqual([row % 251, row % 251]);
  }
  withFile(packed.file, (fd) => writeSync(fd, Buffer.from([255]), 0, 1, 2 * (image + 4) + 7));
  expect((await failure(packed.read([1, 2, 3]))).message).toMatch(
    /big-.*packed: image 2 is damaged: its checksum is wrong\. Remove the file and start again/,
  );
  withFile(packed.file, (fd) => ftruncateSync(fd, 5 * (image + 4)));
  expect((await packed.read([4]))[0]).toBe(4);
  expect((await failure(packed.read([4, 300]))).message).toMatch(/big-.*can't be read any more/);
  await packed.close();
});
