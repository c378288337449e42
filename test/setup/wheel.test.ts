import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, test } from "vitest";
import {
  findLibrary,
  libraryFolder,
  TENSORFLOW_VERSION,
  wholeLibrary,
} from "../../src/backends/tensorflow/library.ts";
import { checkRoom } from "../../src/download/disk.ts";
import { DataError, EngineError, UserError } from "../../src/errors.ts";
import { temporaryFor } from "../../src/files/atomic_file.ts";
import { fromFile } from "../../src/setup/from_wheel.ts";
import type { SetupOptions } from "../../src/setup/options.ts";
import { platformOf } from "../../src/setup/platform.ts";
import { setupTensorflow } from "../../src/setup/tensorflow.ts";
import { leftovers, ownCache } from "../support/cache.ts";
import { dataFolder, failure } from "../support/data.ts";
import { withoutRoot } from "../support/nobody.ts";
import { LIBRARY, libraryBytes, noise, WHEEL_NAME, type WheelSpec, wheel } from "../support/wheel.ts";

const cache = ownCache();
const onDisk = (bytes: Uint8Array, name = WHEEL_NAME) => join(dataFolder({ [name]: bytes }), name);
const setup = (spec: WheelSpec = {}, options: SetupOptions = {}) =>
  setupTensorflow({ wheel: onDisk(wheel(spec)), ...options });
const files = () => readdirSync(libraryFolder()).sort();

describe("a wheel on disk", () => {
  it.each([true, false])("gives the library's files and nothing else, deflated: %s", async (deflate) => {
    const progress: number[] = [];
    const { manifest, already } = await setup(
      { deflate },
      { onProgress: ({ done, total }) => progress.push(done / total) },
    );
    expect([already, manifest.version, manifest.folder]).toEqual([
      false,
      TENSORFLOW_VERSION,
      libraryFolder(),
    ]);
    expect(files()).toEqual([...LIBRARY, "manifest.json"].sort());
    for (const [name, bytes] of Object.entries(libraryBytes())) {
      expect(readFileSync(join(libraryFolder(), name)).equals(bytes), name).toBe(true);
      expect(manifest.files[name]).toBe(bytes.length);
    }
    expect(findLibrary()).toEqual({ file: join(libraryFolder(), LIBRARY[0]!), from: manifest.from });
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
    expect(progress.at(-1)).toBe(1);
    expect(leftovers()).toEqual([]);
  });

  it("takes the place of a library that is there, whole or not", async () => {
    await setup();
    writeFileSync(join(libraryFolder(), LIBRARY[0]!), "half");
    await setup({ seed: 5 });
    await setup({ seed: 7 });
    const got = readFileSync(join(libraryFolder(), LIBRARY[0]!));
    expect(got.equals(libraryBytes({ seed: 7 })[LIBRARY[0]!]!)).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  it("of another TensorFlow from 2.16 on is taken, with its version", async () => {
    expect((await setup({ version: "2.16.1" })).manifest.version).toBe("2.16.1");
  });

  it("may be unpacked by several at once", async () => {
    const all = await Promise.all([setup(), setup(), setup(), setup()]);
    expect(new Set(all.map(({ manifest }) => manifest.folder)).size).toBe(1);
    expect(wholeLibrary(libraryFolder())).toBeDefined();
    expect(leftovers()).toEqual([]);
  });
});

test("a library that is there is not got again unless that is asked for", async () => {
  await setup();
  expect((await setupTensorflow()).already).toBe(true);
  rmSync(join(libraryFolder(), LIBRARY[1]!));
  expect(wholeLibrary(libraryFolder())).toBeUndefined();
});

describe("a wheel that won't do is an error and changes nothing", () => {
  const whole = wheel({ deflate: false });
  /** A byte of the first library file, changed. */
  const flipped = Buffer.from(whole);
  flipped[whole.indexOf(libraryBytes()[LIBRARY[0]!]!) + 1000]! ^= 1;
  const deflated = wheel();
  const garbled = Buffer.from(deflated);
  garbled.fill(0xff, deflated.indexOf(LIBRARY[0]!) + 100, deflated.indexOf(LIBRARY[0]!) + 20_000);

  const cases: [what: string, bytes: Buffer, error: typeof UserError, message: RegExp][] = [
    [
      "a byte changed",
      flipped,
      DataError,
      /libtensorflow\S* is damaged: expected CRC-32 [0-9a-f]{8}, got .*again/,
    ],
    ["garbled", garbled, DataError, /expected a wheel \(a zip archive\), got a damaged or another file/],
    ["cut short", whole.subarray(0, -30_000), DataError, /got a damaged or another file/],
    ["empty", Buffer.alloc(0), DataError, /got a damaged or another file/],
    ["no zip", Buffer.from("<html>404 Not Found</html>"), DataError, /got a damaged or another file/],
    [
      "of other processors",
      wheel({ tag: "cp312-cp312-win_amd64" }),
      EngineError,
      /expected a wheel for \S+ \S+, got one for cp312-cp312-win_amd64\. Get/,
    ],
    [
      "too old",
      wheel({ version: "2.15.1" }),
      EngineError,
      /expected TensorFlow 2\.16 or later, got 2\.15\.1/,
    ],
    [
      "without the library",
      wheel({ without: [`tensorflow/${LIBRARY[1]}`] }),
      DataError,
      /no tensorflow\/libtensorflow_framework\S+\. Get one by: pip download/,
    ],
    [
      "not TensorFlow's",
      wheel({
        without: [
          `tensorflow_cpu-${TENSORFLOW_VERSION}.dist-info/WHEEL`,
          `tensorflow-${TENSORFLOW_VERSION}.dist-info/WHEEL`,
        ],
      }),
      DataError,
      /expected a wheel of tensorflow-cpu or tensorflow, got one with no/,
    ],
  ];
  it.each(cases)("%s", async (_, bytes, kind, message) => {
    const { manifest } = await setup({ seed: 3 });
    const error = await failure(setupTensorflow({ wheel: onDisk(bytes) }));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(WHEEL_NAME);
    expect(wholeLibrary(libraryFolder())).toEqual(manifest);
    expect(leftovers()).toEqual([]);
  });

  it("missing, a folder, or not to be read", async () => {
    const file = onDisk(wheel());
    expect((await failure(setupTensorflow({ wheel: "no.whl" }))).message).toBe("no.whl: no such file.");
    const folder = await failure(setupTensorflow({ wheel: join(file, "..") }));
    expect([folder.name, folder.message]).toEqual([
      "DataError",
      expect.stringContaining("got a folder. Name the .whl file"),
    ]);
    chmodSync(join(file, ".."), 0o755);
    chmodSync(file, 0);
    process.env.TFJS_VAE_CACHE = join(cache.folder, "of another user");
    const denied = await failure(withoutRoot(cache.folder, () => setupTensorflow({ wheel: file })));
    expect(denied.message).toBe(`${file}: no permission to read it.`);
  });
});

test("a wheel with another checksum than stated is refused before it is opened", async () => {
  const bytes = wheel();
  const folder = dataFolder();
  const taking = { platform: platformOf(), folder };
  const right = createHash("sha256").update(bytes).digest("hex");
  const error = await failure(
    fromFile(
      onDisk(bytes),
      taking,
      right.replace(/^./, (c) => (c === "0" ? "1" : "0")),
    ),
  );
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(/expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}: the download is damaged/);
  expect(readdirSync(folder)).toEqual([]);
  expect(Object.keys((await fromFile(onDisk(bytes), taking, right)).files)).toEqual([...LIBRARY]);
});

describe("a cache that can't be written", () => {
  it("for it lies below a file", async () => {
    process.env.TFJS_VAE_CACHE = join(onDisk(noise(8)), "cache");
    const error = await failure(setup());
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/can't be written: a part of its path is a file: choose another folder/);
  });

  it("for want of permission", async () => {
    const readOnly = dataFolder();
    process.env.TFJS_VAE_CACHE = join(readOnly, "cache");
    const file = onDisk(wheel());
    chmodSync(join(file, ".."), 0o755);
    const error = await failure(
      withoutRoot(cache.folder, async () => {
        if (process.getuid?.() !== 0) chmodSync(readOnly, 0o555);
        return setupTensorflow({ wheel: file });
      }),
    );
    chmodSync(readOnly, 0o755);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/can't be written: no permission: choose another folder/);
  });

  it("for want of room, which is looked at before anything is written", async () => {
    const error = await failure(checkRoom(join(cache.folder, "not", "yet"), 1e18));
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toMatch(
      /yet: 1000000000\.0 GB are needed, \S+ \wB are free\. Make room, .*TFJS_VAE_CACHE/,
    );
    await checkRoom(join(cache.folder, "not", "yet"), 1);
  });
});

test("what a killed process left is removed, what a living one or another computer's writes stays", async () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const living = temporaryFor(libraryFolder());
  const left = living.replace(`.${process.pid}-`, `.${dead}-`);
  const away = left.replace(/(?<=-)[0-9a-f]{8}(?=-)/, "0123abcd");
  for (const folder of [living, left, away]) mkdirSync(folder, { recursive: true });
  await setup();
  expect(leftovers().sort()).toEqual([living, away].map((path) => basename(path)).sort());
});

test("an abort removes what was begun", async () => {
  const abort = new AbortController();
  const error = await failure(
    setup({ bytes: 2_000_000 }, { signal: abort.signal, onProgress: () => abort.abort() }),
  );
  expect(error.name).toBe("AbortError");
  expect([wholeLibrary(libraryFolder()), leftovers()]).toEqual([undefined, []]);
});

test("a computer without TensorFlow's library is told what to do", () => {
  expect(() => platformOf("win32", "x64")).toThrow(/Windows .* wsl --install/);
  expect(() => platformOf("linux", "riscv64")).toThrow(
    /published for linux x64, linux arm64, darwin arm64; this is linux riscv64\. Use --backend wasm/,
  );
  expect(platformOf("darwin", "arm64").files[0]).toBe("libtensorflow_cc.2.dylib");
});
