import { Type } from "typebox";
import { oneOf } from "../one_of.ts";
import { Rng } from "../rng.ts";
import { defineDataset } from "./define.ts";
import { openPacked } from "./packed.ts";
import { FACTOR_NAMES, FACTORS, factorsOf, SCENES, SHAPES } from "./shapes3d/factors.ts";
import { findPublished, PUBLISHED, packPublished } from "./shapes3d/published.ts";
import { renderAll } from "./shapes3d/render_all.ts";
import { range, splitOf } from "./store.ts";

export { renderShapes3d } from "./shapes3d/render.ts";

/** Raise it when an image changes. */
const VERSION = 1;
const HELD_OUT = 1000;

/**
 * Rendered scenes with the six factors of 3D Shapes (Kim and Mnih, "Disentangling by factorising", arXiv
 * 1802.05983, section 5; the images are our own).
 */
export const shapes3d = defineDataset({
  name: "shapes3d",
  summary:
    "Rendered scenes in colour, 64x64, made on this machine, with the six factors of 3D Shapes as labels; 12,000 for training, 1,000 each for validation and test.",
  params: Type.Object({
    images: oneOf(["rendered", "published"], {
      default: "rendered",
      description: `rendered: made on this machine; published: those of ${PUBLISHED} (data_path), of the same scenes.`,
    }),
    size: Type.Integer({
      minimum: 1,
      maximum: SCENES - 2 * HELD_OUT,
      default: 12000,
      description: "Training images, drawn from the 480,000 scenes without repetition.",
    }),
    data_seed: Type.Integer({
      minimum: 0,
      default: 0,
      description: "Which scenes are drawn; apart from manual_seed, so that runs compare.",
    }),
  }),
  published: {
    files: [
      {
        name: PUBLISHED,
        bytes: 267_573_662,
        sha256: "0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
        urls: [`https://storage.googleapis.com/3d-shapes/${PUBLISHED}`],
      },
    ],
  },
  imageShape: ({ patch_size: side = 64 }) => [side, side, 3],
  trainImages: ({ size }) => size,
  factors: true,
  async open({ images, data_path, size, data_seed, patch_size: side = 64 }, args) {
    const count = size + 2 * HELD_OUT;
    // Test and validation come first, so that they stay the same whatever the size of the training set.
    const scenes = Rng.fromSeed(data_seed).fold("shapes3d").permutation(SCENES);
    const width = FACTORS.length;
    const values = new Float32Array(count * width);
    for (let row = 0; row < count; row++) factorsOf(scenes[row]!, values, row * width);
    const published = images === "published" ? await findPublished(data_path, args) : undefined;
    const packed = await openPacked(
      {
        name: "shapes3d",
        key: { version: VERSION, count, data_seed, ...(published && { published }) },
        shape: [side, side, 3],
        capacity: count,
        async make({ put }) {
          if (published) await packPublished(published.file, scenes.subarray(0, count), side, put);
          else await renderAll(values, side, put);
          return { count, meta: {} };
        },
      },
      args,
    );
    const split = (from: number, to: number) => splitOf(packed, range(from, to), { values, width });
    return {
      name: "shapes3d",
      imageShape: [side, side, 3],
      splits: {
        train: split(2 * HELD_OUT, count),
        val: split(HELD_OUT, 2 * HELD_OUT),
        test: split(0, HELD_OUT),
      },
      splitNote: `${count} different scenes drawn by data_seed ${data_seed}: ${HELD_OUT} test, ${HELD_OUT} val, ${size} train; test and val are the same at every size.`,
      labelNames: FACTOR_NAMES,
      labelValues: FACTORS.map(([, values]) => values),
      valueNames: FACTORS.map(([name]) => (name === "shape" ? SHAPES : undefined)),
      factors: true,
      skipped: [],
      close: () => packed.close(),
    };
  },
});
