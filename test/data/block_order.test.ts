import { describe, expect, it, test } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { Loader, type LoaderOptions } from "../../src/data/loader.ts";
import { BlockOrder } from "../../src/data/order/block_order.ts";
import { PseudoPermutation } from "../../src/data/order/pseudo_permutation.ts";
import { Rng } from "../../src/rng.ts";
import { first } from "../support/data.ts";

const rng = Rng.fromSeed(11);

describe("a permutation that takes no memory", () => {
  it.each([1, 2, 3, 5, 64, 1000, 4097])("of %i numbers has each once, and knows where", (size) => {
    const permutation = new PseudoPermutation(size, rng);
    const all = first(size).map((place) => permutation.at(place));
    expect(all.toSorted((a, b) => a - b)).toEqual(first(size));
    expect(all.map((value) => permutation.placeOf(value))).toEqual(first(size));
  });

  it("puts each number at each place about equally often, and neighbours apart", () => {
    const [size, draws] = [12, 3000];
    const counts = new Float64Array(size * size);
    let together = 0;
    for (let n = 0; n < draws; n++) {
      const permutation = new PseudoPermutation(size, rng.fold(n));
      const all = first(size).map((place) => permutation.at(place));
      for (const [place, value] of all.entries()) counts[place * size + value]!++;
      together += all.filter((value, i) => i > 0 && Math.abs(value - all[i - 1]!) === 1).length;
    }
    const expected = draws / size;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    const freedom = (size - 1) ** 2;
    expect(Math.abs(chiSquare - freedom)).toBeLessThan(5 * Math.sqrt(2 * freedom));
    // of 11 pairs of neighbours 2 / 12 each; their standard error over the draws is 0.022
    expect(Math.abs(together / draws - 11 / 6)).toBeLessThan(0.1);
  });
});

describe("an order by blocks", () => {
  it.each([
    [0, 8],
    [1, 8],
    [100, 8],
    [20_011, 8],
    [150_001, 128],
  ])("of %i images in blocks of %i has each once, whatever the pieces it is read in", (size, block) => {
    const order = new BlockOrder(size, block, rng);
    const all = order.slice(0, size + 5);
    expect(all.length).toBe(size);
    expect(all.toSorted()).toEqual(Int32Array.from(first(size)));
    for (let from = 0; from < size; from += 7919)
      expect(new BlockOrder(size, block, rng).slice(from, from + 64)).toEqual(all.slice(from, from + 64));
  });

  it("is another one each epoch", () => {
    const [a, b] = [0, 1].map((epoch) => new BlockOrder(5000, 4, rng.fold(epoch)).slice(0, 5000));
    const same = a!.filter((example, place) => example === b![place]).length;
    expect(same).toBeLessThan(10);
  });

  it("takes whole blocks into a window, of as many as any other", () => {
    const [size, block] = [128 * 2500 + 77, 128];
    const order = new BlockOrder(size, block, rng);
    const last = order.windowAt(size - 1);
    expect(last).toBe(2); // 2501 blocks in windows of 1024 at most
    for (const window of first(last + 1)) {
      const [from, to] = order.bounds(window);
      expect(Math.abs(to - from - size / 3)).toBeLessThan(2 * block);
      const blocks = new Set(order.slice(from, to).map((example) => Math.floor(example / block)));
      expect(blocks.size).toBe(Math.ceil((to - from) / block));
    }
  });

  /**
   * Of sorted labels each block has one, so that a batch is of a sample of classes: the variance of its counts is that of
   * independent draws times 1 + (B - 1) / 1024 (design effect of clusters), that of a batch in the data's own order B.
   */
  it("mixes sorted labels nearly as independent draws would", () => {
    const [classes, batch, block] = [10, 64, 128];
    const size = 10 * 1024 * block;
    const label = (example: number) => Math.floor((example * classes) / size);
    const order = new BlockOrder(size, block, rng);
    let sum = 0;
    let count = 0;
    for (let from = 0; from + batch <= size; from += 31 * batch) {
      const counts = new Float64Array(classes);
      for (const example of order.slice(from, from + batch)) counts[label(example)]!++;
      const expected = batch / classes;
      sum += counts.reduce((a, n) => a + (n - expected) ** 2 / expected, 0);
      count++;
    }
    // chi-square with 9 degrees of freedom: 9 (1 + 63 / 1024) = 9.55, its standard error over 660 batches 0.18
    expect(sum / count).toBeLessThan(10.3);
    expect(sum / count).toBeGreaterThan(8.3);
  });
});

/** Example n is 3 bytes of n; reads are noted. */
function countedSplit(size: number) {
  const reads: number[] = [];
  const split: Split = {
    size,
    inRuns: true,
    async read(indices) {
      reads.push(indices.length);
      const images = new Uint8Array(indices.length * 3);
      Array.from(indices, (index, n) => new DataView(images.buffer).setUint16(3 * n, index & 0xffff));
      return { images, labels: Float32Array.from(indices) };
    },
  };
  return { split, reads };
}

const options: LoaderOptions = {
  batchSize: 100,
  imageShape: [1, 1, 3],
  shuffle: "blocks",
  dropLast: true,
  horizontalFlip: false,
  imageRange: "unit",
  prefetch: 2,
  rng,
};

test("batches of an order by blocks come from whole windows, each image once, and the same from any batch on", async () => {
  const size = 300_000;
  const { split, reads } = countedSplit(size);
  const seen = new Uint8Array(size);
  const labels: Float32Array[] = [];
  for await (const batch of new Loader(split, options).batches(3)) {
    labels.push(batch.labels!);
    for (const [n, index] of batch.indices.entries()) {
      seen[index]!++;
      if (
        batch.labels![n] !== index ||
        batch.coded!.codes[3 * n]! * 256 + batch.coded!.codes[3 * n + 1]! !== (index & 0xffff)
      )
        throw new Error(`image ${index} is not its own`);
    }
  }
  expect(seen.every((times) => times === 1)).toBe(true);
  expect(reads.length).toBe(5); // 300,000 / (1024 * 64)
  for (const from of [1, 999, 1000, 2999]) {
    const rest = new Loader(split, options).batches(3, from);
    const { value } = await rest.next();
    expect((value as { labels: Float32Array }).labels).toEqual(labels[from]);
    await rest.return();
  }
});
