import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { startWorker } from "../../process/start_worker.ts";
import { FACTORS } from "./factors.ts";
import type { Job } from "./worker.ts";

/** A job and where its images go. */
interface Task extends Job {
  readonly rows: readonly number[];
}
const MOST_BYTES_A_JOB = 16 << 20;

/**
 * Renders all `labels`, [n, 6], on all cores, and gives each image to `put` with its row. Images of one
 * geometry are made together, for its light map takes longer than the colours.
 */
export async function renderAll(
  labels: Float32Array,
  size: number,
  put: (row: number, image: Uint8Array) => Promise<void>,
): Promise<void> {
  const tasks = tasksOf(labels, size);
  const workers = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () =>
    startWorker(import.meta.url, "./worker"),
  );
  const bytes = 3 * size * size;
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
          const { rows, ...job } = task;
          const images = await answer(worker, job);
          for (const [i, row] of rows.entries()) {
            await put(row, images.subarray(i * bytes, (i + 1) * bytes));
          }
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function tasksOf(labels: Float32Array, size: number): Task[] {
  const width = FACTORS.length;
  const most = Math.max(1, Math.floor(MOST_BYTES_A_JOB / (3 * size * size)));
  const byGeometry = new Map<string, number[]>();
  for (let row = 0; row < labels.length / width; row++) {
    const geometry = labels.subarray(row * width + 3, (row + 1) * width).join();
    const rows = byGeometry.get(geometry);
    if (rows) rows.push(row);
    else byGeometry.set(geometry, [row]);
  }
  return [...byGeometry].flatMap(([geometry, all]) => {
    const [scale, shape, orientation] = geometry.split(",").map(Number) as [number, number, number];
    return Array.from({ length: Math.ceil(all.length / most) }, (_, i) => {
      const rows = all.slice(i * most, (i + 1) * most);
      const hues = Uint8Array.from(rows.flatMap((row) => [...labels.subarray(row * width, row * width + 3)]));
      return { size, scale, shape, orientation, hues, rows };
    });
  });
}

function answer(worker: Worker, job: Job): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (images: Uint8Array) => {
      worker.off("error", reject);
      resolve(images);
    });
    worker.postMessage(job);
  });
}
