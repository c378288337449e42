import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { factorsOf } from "../../src/data/shapes3d/factors.ts";
import { DataError } from "../../src/errors.ts";
import { readNumpyPickle } from "../../src/formats/numpy_pickle.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";

// Files that NumPy, h5py and pickle have written: test/data/made_by_python.py
const golden = (name: string) => fileURLToPath(new URL(`golden/${name}`, import.meta.url));

const all = async (split: Split, bytes: number) => {
  const { images, labels } = await split.read(first(split.size));
  const width = labels ? labels.length / split.size : 0;
  return first(split.size).map((n) => ({
    image: images.subarray(n * bytes, (n + 1) * bytes),
    labels: [...(labels?.subarray(n * width, (n + 1) * width) ?? [])],
  }));
};
const everything = async ({ splits: { train, val, test } }: Dataset, bytes: number) =>
  (await Promise.all([train, val, test].map((split) => all(split, bytes)))).flat();

describe("cifar10's Python version", () => {
  it("is read from its archive, pickled by Python 2 and 3, protocols 2 and 5", async () => {
    const folder = dataFolder();
    cpSync(golden("cifar-10-python.tar.gz"), join(folder, "cifar-10-python.tar.gz"));
    const data = await open({ name: "cifar10", data_path: folder });
    const { train, val, test } = data.splits;
    expect([train.size, val.size, test.size]).toEqual([18, 2, 4]);
    const images = [...(await all(train, 3072)), ...(await all(val, 3072)), ...(await all(test, 3072))];
    images.forEach(({ image, labels }, i) => {
      const [batch, n] = [Math.floor(i / 4), i % 4];
      expect([...image.subarray(0, 6)]).toEqual([10 * batch + n, 200 + n, 3, 10 * batch + n, 200 + n, 3]);
      expect(labels).toEqual([batch === 1 || batch === 2 ? n : [9, 8, 7, batch][n]]);
    });
    expect(data.valueNames).toEqual([expect.arrayContaining(["airplane", "truck"])]);
  });

  it("executes nothing: a pickle that calls anything else is refused by its name", () => {
    const evil = Buffer.from("\x80\x02cposix\nsystem\nU\x04trueq\x00\x85R.", "latin1");
    expect(() => readNumpyPickle(evil, "data_batch_1")).toThrow(
      /^data_batch_1: refused, it refers to the Python name "posix\.system"; expected only arrays, numbers and text$/,
    );
  });
});

describe("dsprites", () => {
  it("gives each image its factors, white where the file has 1", async () => {
    const data = await open({ name: "dsprites", data_path: golden("dsprites.npz") });
    expect([data.imageShape, data.labelNames]).toEqual([
      [64, 64, 1],
      ["shape", "scale", "orientation", "posX", "posY"],
    ]);
    expect([data.labelValues, data.factors]).toEqual([[3, 2, 4, 4, 4], true]);
    expect(data.valueNames?.slice(0, 2)).toEqual([["square", "ellipse", "heart"], undefined]);
    const { train, val, test } = data.splits;
    expect([train.size, val.size, test.size]).toEqual([308, 38, 38]);
    const images = await everything(data, 64 * 64);
    expect(new Set(images.map(({ labels }) => labels.join())).size).toBe(384);
    for (const { image, labels } of images) {
      const [shape = 0, , , x = 0, y = 0] = labels;
      const white = [...image.keys()].filter((i) => image[i] !== 0);
      expect(white.length).toBe(8 * Math.min(8 + shape, 64 - 8 * x));
      expect([white[0], image[white[0]!]]).toEqual([64 * 8 * y + 8 * x, 255]);
    }
    await data.close();
  });

  it("is refused where a byte of it is damaged, or a factor is no number of a value", async () => {
    const whole = readFileSync(golden("dsprites.npz"));
    const folder = dataFolder();
    const said: string[] = [];
    for (let at = 200; at < whole.length; at += whole.length >> 3) {
      const damaged = Buffer.from(whole);
      damaged.fill(damaged[at]! ^ 255, at, at + 30);
      writeFileSync(join(folder, "damaged.npz"), damaged);
      const result = await open({ name: "dsprites", data_path: join(folder, "damaged.npz") }).then(
        (data) => data.close(),
        (error: Error) => error,
      );
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(DataError);
        said.push(result.message);
      }
    }
    expect(said.some((message) => message.includes("can't be read: "))).toBe(true);
    const { encodeNpz } = await import("../../src/formats/npz.ts");
    const data = Float32Array.from({ length: 60 }, (_, i) => (i === 7 ? -1 : 0));
    const images = { shape: [10, 64, 64], data: new Float32Array(40960) };
    writeFileSync(
      join(folder, "wrong.npz"),
      await encodeNpz({ imgs: images, latents_classes: { shape: [10, 6], data } }),
    );
    const error = await failure(open({ name: "dsprites", data_path: join(folder, "wrong.npz") }));
    expect(error.message).toContain("wrong.npz: expected integers ≥ 0 in latents_classes, got -1.");
  });

  it("keeps validation and test at every size, and is resized", async () => {
    const [small, large] = await Promise.all(
      [10, 100].map((size) =>
        open({ name: "dsprites", data_path: golden("dsprites.npz"), size, patch_size: 32 }),
      ),
    );
    expect([small!.splits.train.size, large!.splits.train.size, small!.imageShape]).toEqual([
      10,
      100,
      [32, 32, 1],
    ]);
    expect(await all(small!.splits.test, 1024)).toEqual(await all(large!.splits.test, 1024));
    const error = await failure(open({ name: "dsprites", data_path: golden("dsprites.npz"), size: 1000 }));
    expect(error.message).toBe(
      "data_params.size: expected at most 308 of 384 images for training, got 1000.",
    );
  });
});

describe("shapes3d as published", () => {
  it("has the rendered set's scenes and factors, with the file's images", async () => {
    const data = await open({
      name: "shapes3d",
      images: "published",
      data_path: golden("3dshapes.h5"),
      size: 3000,
    });
    const scenes = await everything(data, 3 * 64 * 64);
    expect(scenes).toHaveLength(5000);
    let lit = 0;
    for (const { image, labels } of scenes) {
      const scene = labels.reduce((sum, value, i) => sum * [10, 10, 10, 8, 4, 15][i]! + value, 0);
      const back: number[] = [];
      factorsOf(scene, back, 0);
      expect(back).toEqual(labels);
      const wanted = scene % 1000 === 7 ? 1 + Math.floor(scene / 2000) : 0;
      if (wanted > 0) lit++;
      if (image[0] !== wanted || image.at(-1) !== wanted)
        expect.fail(`scene ${scene}: ${image[0]}, not ${wanted}`);
    }
    expect(lit).toBeGreaterThan(0);
    const rendered = await open({ name: "shapes3d", size: 1, patch_size: 8 });
    expect(data.splits.test.labels!([0, 999])).toEqual(rendered.splits.test.labels!([0, 999]));
  });

  it("of another file is an error", async () => {
    const error = await failure(
      open({ name: "shapes3d", images: "published", data_path: golden("grey.npy") }),
    );
    expect(error.message).toMatch(/grey\.npy: expected an HDF5 file/);
  });
});

describe("arrays", () => {
  const npy = (name: string, more: object = {}) => open({ name: "arrays", data_path: golden(name), ...more });

  it("of grey bytes, with labels of another file and names for them", async () => {
    const data = await npy("grey.npy", { labels: golden("labels.npy"), classes: ["a", "b", "c", "d"] });
    expect([data.imageShape, data.labelNames, data.labelValues]).toEqual([[8, 8, 1], ["class"], [4]]);
    expect(data.valueNames).toEqual([["a", "b", "c", "d"]]);
    const { train, val, test } = data.splits;
    expect([train.size, val.size, test.size]).toEqual([16, 2, 2]);
    const images = await everything(data, 64);
    expect(new Set(images.map(({ image }) => image[0])).size).toBe(20);
    for (const { image, labels } of images) expect(labels).toEqual([image[63]! % 4]);
  });

  it("of floating point with channels first, with text as labels", async () => {
    const data = await npy("colour.npz", { labels: "labels" });
    expect([data.imageShape, data.valueNames, data.labelValues]).toEqual([
      [8, 8, 3],
      [["cat", "dog", "emu"]],
      [3],
    ]);
    for (const { image, labels } of await everything(data, 192)) {
      const n = Math.round((image[0]! / 255) * 19);
      expect([...image.subarray(3, 6)]).toEqual([Math.round((255 * n) / 19), 128, 255]);
      expect(labels).toEqual([[0, 1, 2, 0][n % 4]]);
    }
  });

  it("with several factors", async () => {
    const data = await npy("colour.npz", { labels: "many", label_names: ["parity", "third"], factors: true });
    expect([data.labelNames, data.labelValues, data.factors]).toEqual([["parity", "third"], [2, 3], true]);
  });

  it("of half precision, resized", async () => {
    const data = await npy("half.npy", { patch_size: 16 });
    const images = await everything(data, 256);
    expect(new Set(images.flatMap(({ image }) => [...image]))).toEqual(new Set([64]));
  });

  const wrong: [name: string, more: object, message: RegExp][] = [
    [
      "fortran.npy",
      {},
      /fortran\.npy: expected an array in C order, got Fortran's\. Save numpy\.ascontiguousarray/,
    ],
    ["objects.npy", {}, /elements of type \|O\. Objects are pickled, and never read here/],
    ["big.npy", {}, /elements of type >f4\. Save it as numbers or text/],
    [
      "labels.npy",
      {},
      /data_params\.images: expected the name of an array of 3 or 4 axes in \S+, got another\. Say/,
    ],
    [
      "grey.npy",
      { range: [0, 10] },
      /grey\.npy: expected values from 0 to 10, got 1\d in image 1\d\. Set data_params\.range/,
    ],
    [
      "grey.npy",
      { labels: golden("half.npy") },
      /labels \[20\] or \[20, L\], one row an image, got \[20, 8, 8, 1\]/,
    ],
    [
      "grey.npy",
      { labels: "none.npy" },
      /data_params\.labels: expected a \.npy file .* which does not exist/,
    ],
    ["colour.npz", { labels: "none" }, /colour\.npz: expected an array "none", got images, labels, many/],
    [
      "colour.npz",
      { labels: "many", label_names: ["a"] },
      /label_names: expected 2, one a column of \S+ many, got 1/,
    ],
    ["3dshapes.h5", {}, /expected a file that ends in \.npy or \.npz/],
  ];
  it.each(wrong)("%s with %o is an error", async (name, more, message) => {
    expect((await failure(npy(name, more))).message).toMatch(message);
  });
});
