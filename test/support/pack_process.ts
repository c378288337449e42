/** Packs 200 slow images into the folder given, as other processes do at the same time, and sends what it reads. */
import { openPacked } from "../../src/data/packed.ts";

const count = 200;
const recipe = {
  name: "shared",
  key: "same",
  shape: [8, 8, 1] as const,
  capacity: count,
  async make({ put }: { put(at: number, images: Uint8Array): Promise<void> }) {
    for (let i = 0; i < count; i++) {
      await put(i, new Uint8Array(64).fill(i));
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { count, meta: null };
  },
};
openPacked(recipe, { cacheDir: process.argv[2]! })
  .then((packed) => packed.read(Array.from({ length: count }, (_, i) => i)))
  .then((images) => {
    process.send!(Array.from({ length: count }, (_, i) => images[i * 64]));
    process.disconnect();
  });
