import { parentPort } from "node:worker_threads";
import { colorize } from "./render.ts";
import { lightMap } from "./scene.ts";

/** Images that share their geometry. */
export interface Job {
  readonly size: number;
  readonly scale: number;
  readonly shape: number;
  readonly orientation: number;
  /** [n, 3]: floor, wall and object hue. */
  readonly hues: Uint8Array;
}

/** Answers each `Job` with its images, [n, size, size, 3]. */
parentPort!.on("message", ({ size, scale, shape, orientation, hues }: Job) => {
  const map = lightMap(scale, shape, orientation, size);
  const bytes = 3 * size * size;
  const images = new Uint8Array((hues.length / 3) * bytes);
  for (let n = 0; 3 * n < hues.length; n++) {
    const out = images.subarray(n * bytes, (n + 1) * bytes);
    colorize(map, hues[3 * n]!, hues[3 * n + 1]!, hues[3 * n + 2]!, out);
  }
  parentPort!.postMessage(images, [images.buffer as ArrayBuffer]);
});
