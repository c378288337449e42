import { expect, test } from "vitest";
import { Ahead } from "../../src/data/ahead.ts";
import type { Split } from "../../src/data/dataset.ts";
import { type HostBatch, Loader, type LoaderOptions } from "../../src/data/loader.ts";
import { ordered } from "../../src/data/ordered.ts";
import { memoryStore, range, splitOf } from "../../src/data/store.ts";
import { DataError } from "../../src/errors.ts";
import { Rng } from "../../src/rng.ts";
import { first } from "../support/data.ts";

const [height, width] = [1, 2];
/** Image n is the two pixels n, 100 + n; its label 10 n. */
const images = Uint8Array.from(first(20).flatMap((n) => [n, 100 + n]));
const split = splitOf(memoryStore(images, 2), range(0, 20), {
  values: Float32Array.from(first(20), (n) => 10 * n),
  width: 1,
});
const options: LoaderOptions = {
  batchSize: 6,
  imageShape: [height, width, 1],
  shuffle: true,
  dropLast: false,
  horizontalFlip: true,
  imageRange: "unit",
  prefetch: 3,
  rng: Rng.fromSeed(5),
};
const loader = (changes: Partial<LoaderOptions> = {}, from: Split = split) =>
  new Loader(from, { ...options, ...changes });

async function all(batches: AsyncIterable<HostBatch>): Promise<HostBatch[]> {
  const list: HostBatch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}
const indices = (batches: HostBatch[]) => batches.flatMap((batch) => [...batch.indices]);

test("an epoch holds each example once, with its own image and label, in another order each epoch", async () => {
  const l = loader({ horizontalFlip: false });
  const batches = await all(l.batches(0));
  expect(batches.map((b) => b.shape)).toEqual([
    [6, 1, 2, 1],
    [6, 1, 2, 1],
    [6, 1, 2, 1],
    [2, 1, 2, 1],
  ]);
  expect(l.batchesPerEpoch).toBe(4);
  const order = indices(batches);
  expect(order.toSorted((a, b) => a - b)).toEqual(first(20));
  expect(order).not.toEqual(first(20));
  expect(indices(await all(l.batches(1)))).not.toEqual(order);
  for (const batch of batches) {
    for (const [i, n] of batch.indices.entries()) {
      expect(batch.labels![i]).toBe(10 * n);
      expect([...batch.images.subarray(2 * i, 2 * i + 2)]).toEqual([
        Math.fround(n / 255),
        Math.fround((100 + n) / 255),
      ]);
    }
  }
});

test.each([0, 1, 3, 50])(
  "batch k is the same after a resume at k, with %i batches prepared ahead",
  async (prefetch) => {
    const whole = await all(loader().batches(7));
    for (const from of first(6)) {
      expect(await all(loader({ prefetch }).batches(7, from))).toEqual(whole.slice(from));
    }
  },
);

test("flips mirror whole rows of about half the images, drawn anew each epoch", async () => {
  const flipped = async (epoch: number) => {
    const batches = await all(loader().batches(epoch));
    const set = new Set<number>();
    for (const batch of batches) {
      for (const [i, n] of batch.indices.entries()) {
        const pair = [...batch.images.subarray(2 * i, 2 * i + 2)].map((v) => Math.round(v * 255));
        if (pair[0] === 100 + n) set.add(n);
        expect(pair.toSorted((a, b) => a - b)).toEqual([n, 100 + n]);
      }
    }
    return set;
  };
  const [a, b] = [await flipped(0), await flipped(1)];
  expect(a.size).toBeGreaterThan(3);
  expect(a.size).toBeLessThan(17);
  expect(a).not.toEqual(b);
});

test("a flip keeps the channels of a pixel in order", async () => {
  const colour = splitOf(memoryStore(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]), 9), range(0, 1));
  const seen = new Set<string>();
  for (const epoch of first(12)) {
    const [batch] = await all(loader({ imageShape: [1, 3, 3] }, colour).batches(epoch));
    seen.add([...batch!.images].map((v) => Math.round(v * 255)).join(" "));
  }
  expect([...seen].sort()).toEqual(["1 2 3 4 5 6 7 8 9", "7 8 9 4 5 6 1 2 3"]);
});

test("the signed range goes from -1 to 1", async () => {
  const ends = splitOf(memoryStore(Uint8Array.from([0, 255]), 2), range(0, 1));
  const [batch] = await all(loader({ imageRange: "signed", horizontalFlip: false }, ends).batches(0));
  expect([...batch!.images]).toEqual([-1, 1]);
});

test("without shuffling the order is the split's, and limit takes its first examples", async () => {
  const l = loader({ shuffle: false, limit: 8 });
  expect(indices(await all(l.batches(3)))).toEqual(first(8));
  expect(indices(await all(loader({ limit: 8 }).batches(3))).toSorted((a, b) => a - b)).toEqual(first(8));
  expect(loader({ limit: 500 }).batchesPerEpoch).toBe(4);
});

test("dropLast leaves out a batch that is not full, but never the only one", async () => {
  expect((await all(loader({ dropLast: true }).batches(0))).map((b) => b.shape[0])).toEqual([6, 6, 6]);
  expect((await all(loader({ dropLast: true, limit: 4 }).batches(0))).map((b) => b.shape[0])).toEqual([4]);
  const empty = loader({}, splitOf(memoryStore(images, 2), range(0, 0)));
  expect([empty.batchesPerEpoch, await all(empty.batches(0))]).toEqual([0, []]);
});

/** A split that reads after a while, counts what is under way, and fails at the examples `bad`. */
function slow(bad: number[] = []) {
  const state = { underWay: 0, most: 0, reads: 0 };
  const from: Split = {
    size: 20,
    async read(wanted) {
      state.reads++;
      state.most = Math.max(state.most, ++state.underWay);
      await new Promise((resolve) => setTimeout(resolve, 3 + (wanted[0]! % 3)));
      state.underWay--;
      if (bad.some((n) => Array.from(wanted).includes(n))) throw new DataError(`example ${bad} is gone`);
      return split.read(wanted);
    },
  };
  return { from, state };
}

test("batches are prepared ahead, in order and not more than asked for", async () => {
  const { from, state } = slow();
  const l = loader({ prefetch: 2, batchSize: 1, shuffle: false }, from);
  const ahead = new Ahead(async (batch: HostBatch) => batch);
  expect(indices(await all(ahead.of(l.batches(0))))).toEqual(first(20));
  expect(state.most).toBe(3);
  expect(ahead.waitSeconds).toBeGreaterThan(0);
});

test("time in which the consumer works is not counted as waiting", async () => {
  const { from } = slow();
  const l = loader({ prefetch: 4, batchSize: 5, shuffle: false }, from);
  const started = performance.now();
  const ahead = new Ahead(async (batch: HostBatch) => batch);
  for await (const _ of ahead.of(l.batches(0))) await new Promise((resolve) => setTimeout(resolve, 30));
  expect(ahead.waitSeconds).toBeLessThan((performance.now() - started) / 1000 - 4 * 0.025);
});

test("an error surfaces at its batch, after those before it", async () => {
  const { from } = slow([9]);
  const seen: number[] = [];
  const run = async () => {
    for await (const batch of loader({ batchSize: 4, shuffle: false, prefetch: 4 }, from).batches(0)) {
      seen.push(...batch.indices);
    }
  };
  await expect(run()).rejects.toThrow(new DataError("example 9 is gone"));
  expect(seen).toEqual(first(8));
});

test("leaving early starts no more reads and leaves no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { from, state } = slow([5, 6]);
  for await (const _ of loader({ batchSize: 1, shuffle: false, prefetch: 7 }, from).batches(0)) break;
  await new Promise((resolve) => setTimeout(resolve, 40));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  expect(state.reads).toBe(8);
});

test("ordered gives results in order whatever order they are ready in", async () => {
  const results: number[] = [];
  const late = (i: number) => new Promise<number>((resolve) => setTimeout(() => resolve(i), (i * 7) % 5));
  for await (const i of ordered(30, 8, late)) results.push(i);
  expect(results).toEqual(first(30));
});

test("pictures are shown of examples from the whole split, unmirrored, the same for every run", async () => {
  const { shape, images: pixels, indices: places } = await loader().spread(5);
  expect(shape).toEqual([5, 1, 2, 1]);
  expect(Math.round(pixels[2]! * 255)).toBe(places[1]);
  expect(new Set(places).size).toBe(5);
  expect([...places]).toEqual([...places].sort((a, b) => a - b));
  expect([...(await loader({ rng: Rng.fromSeed(77) }).spread(5)).indices]).toEqual([...places]);
  expect([...(await loader().spread(99)).indices]).toEqual(first(20));
});

test("of images that come in turn, every kind is among those taken", async () => {
  const views = 15; // shapes3d's orientations, as its scenes are numbered
  const turns = splitOf(memoryStore(images.slice(0, 2), 2), new Int32Array(1500), {
    values: Float32Array.from(first(1500), (n) => n % views),
    width: 1,
  });
  const { indices: places } = await loader({}, turns).spread(100);
  const counts = first(views).map((view) => places.filter((n) => n % views === view).length);
  // 100 of 15 kinds: 6.7 of each, with a standard deviation of 2.4
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts)).toBeLessThan(15);
});

test("an error of a batch made ahead surfaces at its batch, also while the consumer still works", async () => {
  const { from } = slow([9]);
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const seen: number[] = [];
  const run = async () => {
    const l = loader({ batchSize: 4, shuffle: false, prefetch: 4 }, from);
    for await (const batch of new Ahead(async (b: HostBatch) => b).of(l.batches(0))) {
      seen.push(...batch.indices);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  await expect(run()).rejects.toThrow(new DataError("example 9 is gone"));
  process.off("unhandledRejection", note);
  expect(seen).toEqual(first(8));
  expect(unhandled).toEqual([]);
});

test("binarized values are 0 or 1, 1 as often as they say, anew each epoch or once for all, and the same after a resume", async () => {
  const grey = splitOf(memoryStore(new Uint8Array(8 * 1000).fill(51), 1000), range(0, 8));
  const l = (binarize: "static" | "dynamic", from = grey) =>
    loader({ binarize, horizontalFlip: false, imageShape: [10, 100, 1] }, from);
  const byIndex = async (batches: AsyncIterable<HostBatch>) => {
    const list = await all(batches);
    const found = new Map<number, Float32Array>();
    for (const { indices, images } of list)
      for (const [i, n] of indices.entries()) found.set(n, images.slice(1000 * i, 1000 * (i + 1)));
    return new Map([...found].sort(([a], [b]) => a - b));
  };
  const dynamic = await byIndex(l("dynamic").batches(0));
  const values = [...dynamic.values()].flatMap((image) => [...image]);
  expect(new Set(values)).toEqual(new Set([0, 1]));
  const share = values.reduce((a, b) => a + b) / values.length;
  expect(Math.abs(share - 0.2)).toBeLessThan(0.02); // four standard deviations of 8000 draws
  expect(dynamic.get(0)).not.toEqual(dynamic.get(1));
  expect(await byIndex(l("dynamic").batches(1))).not.toEqual(dynamic);
  expect(await all(l("dynamic").batches(0, 1))).toEqual((await all(l("dynamic").batches(0))).slice(1));

  const fixed = await byIndex(l("static").batches(0));
  expect(await byIndex(l("static").batches(1))).toEqual(fixed);
  expect((await l("static").at([5])).images).toEqual(fixed.get(5));
  expect(
    await byIndex(
      l("static", splitOf(memoryStore(new Uint8Array(2000).fill(255), 1000), range(0, 2))).batches(0),
    ),
  ).toEqual(new Map([0, 1].map((n) => [n, new Float32Array(1000).fill(1)])));
});
