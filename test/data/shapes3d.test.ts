import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FACTORS, factorsOf, SCENES } from "../../src/data/shapes3d/factors.ts";
import { renderShapes3d } from "../../src/data/shapes3d.ts";
import { ShapeError } from "../../src/errors.ts";
import { dataFolder, first, open } from "../support/data.ts";

const scene = [1, 4, 7, 5, 0, 3];
const pixels = (factors: readonly number[], size = 64) => renderShapes3d(factors, size);

test("a scene's image stays the same, so that packed caches and results stay comparable", () => {
  const hash = createHash("sha256")
    .update(pixels([...scene, 9, 2, 5, 0, 3, 14]))
    .digest("hex");
  expect(hash, "if the picture was changed on purpose: raise VERSION in shapes3d.ts").toBe(
    "1c3e16f7bda0ba2c33edb33eb21ff525e2ebdb822d4982a5e41c2a1b1eb2e5a1",
  );
});

test.each(FACTORS.map(([name, values], i) => ({ name, values, i })))(
  "each value of $name gives another image",
  ({ values, i }) => {
    const images = first(values).map((v) => Buffer.from(pixels(scene.with(i, v))).toString("latin1"));
    expect(new Set(images).size).toBe(values);
  },
);

test("floor, wall and object take their own hue and no other's", () => {
  const at = (image: Uint8Array, x: number, y: number) => [
    ...image.subarray(3 * (y * 64 + x), 3 * (y * 64 + x) + 3),
  ];
  const places = { floor: [32, 60], wall: [32, 2], object: [32, 34] } as const;
  const base = pixels(scene);
  for (const [i, changed] of (["floor", "wall", "object"] as const).entries()) {
    const other = pixels(scene.with(i, (scene[i]! + 5) % 10));
    for (const [name, [x, y]] of Object.entries(places)) {
      if (name === changed) expect(at(other, x, y), name).not.toEqual(at(base, x, y));
      else expect(at(other, x, y), name).toEqual(at(base, x, y));
    }
  }
});

test("the object grows with its scale and its silhouette tells the shapes apart", () => {
  // Object pixels are those that another object hue changes.
  const covered = (factors: number[]) => {
    const [a, b] = [pixels(factors.with(2, 0)), pixels(factors.with(2, 5))];
    return a.reduce((n, value, i) => n + (i % 3 === 0 && value !== b[i] ? 1 : 0), 0);
  };
  const sizes = first(8).map((s) => covered(scene.with(3, s)));
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[7]! / sizes[0]!).toBeGreaterThan(2); // (1.25 / 0.75) ^ 2 is 2.8
  expect(sizes[0]!).toBeGreaterThan(64 * 64 * 0.02);
  expect(new Set(first(4).map((s) => covered(scene.with(4, s)))).size).toBe(4);
});

test("images of any side have no pixel left black", () => {
  for (const size of [28, 33, 128]) {
    const image = pixels(scene, size);
    expect(image.length).toBe(3 * size * size);
    for (let i = 0; i < image.length; i += 3) {
      expect(image[i]! + image[i + 1]! + image[i + 2]!).toBeGreaterThan(30);
    }
  }
});

test("a factor out of its range is refused by name", () => {
  expect(() => pixels(scene.with(4, 4))).toThrow(
    new ShapeError("shapes3d scene 0: expected shape to be an integer from 0 to 3, got 4"),
  );
});

test("the 480,000 scenes are all combinations of the factors", () => {
  expect(SCENES).toBe(480_000);
  const values = first(6);
  factorsOf(SCENES - 1, values, 0);
  expect(values).toEqual([9, 9, 9, 7, 3, 14]);
  factorsOf(15, values, 0);
  expect(values).toEqual([0, 0, 0, 0, 1, 0]);
});

test("the data set holds the scenes of its labels, no scene twice, and the same test images at every size", async () => {
  const cacheDir = dataFolder();
  const progress: number[] = [];
  const data = await open(
    { name: "shapes3d", size: 300, patch_size: 28 },
    { cacheDir, progress: (_, done, total) => progress.push(done / total) },
  );
  expect(data.imageShape).toEqual([28, 28, 3]);
  expect(data.labelNames).toEqual(["floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"]);
  expect(progress.at(-1)).toBe(1);
  const { train, val, test: held } = data.splits;
  expect([train.size, val.size, held.size]).toEqual([300, 1000, 1000]);
  const scenes = new Set<string>();
  for (const split of [train, val, held]) {
    const { labels } = await split.read(first(split.size));
    for (let i = 0; i < split.size; i++) scenes.add(labels!.subarray(6 * i, 6 * i + 6).join());
  }
  expect(scenes.size).toBe(2300);
  const { images, labels } = await train.read([299, 0, 17]);
  expect(Buffer.from(images).equals(renderShapes3d(labels!, 28))).toBe(true);

  const more = await open({ name: "shapes3d", size: 301, patch_size: 28 }, { cacheDir });
  const sample = [0, 500, 999];
  expect(await more.splits.test.read(sample)).toEqual(await held.read(sample));
  expect(await more.splits.val.read(sample)).toEqual(await val.read(sample));
  const other = await open({ name: "shapes3d", size: 300, patch_size: 28, data_seed: 1 }, { cacheDir });
  expect((await other.splits.test.read(sample)).labels).not.toEqual((await held.read(sample)).labels);
  const again = await open({ name: "shapes3d", size: 300, patch_size: 28 }, { cacheDir, seed: 99 });
  expect((await again.splits.train.read([299, 0, 17])).images).toEqual(images);
});
