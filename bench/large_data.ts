/**
 * What it takes to open many records, to begin an epoch and to read it, by their number:
 *
 *     node --import tsx bench/large_data.ts [--side 8] [--batch 256] [--seconds 6] [COUNT…]
 *
 * Records of random bytes [side, side, 3] with a class are made in the system's temporary folder (200 bytes each at side 8),
 * read by a process of its own for each row, and removed. Rows say cold where the kernel's cache of files was dropped before,
 * which only root may do. Seconds by the clock, in brackets those of the process on processors, which other programs change
 * less; images/s of the loader alone, in brackets a second of processors; MB of the process (resident, of which its heap).
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Dataset } from "../src/data/dataset.ts";
import { Loader } from "../src/data/loader.ts";
import type { Shuffle } from "../src/data/order/draw_order.ts";
import { writeRecords } from "../src/data/records/write_records.ts";
import { records } from "../src/data/records.ts";
import { Rng } from "../src/rng.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: "string", default: "8" },
    batch: { type: "string", default: "256" },
    seconds: { type: "string", default: "6" },
    measure: { type: "string" },
    shuffle: { type: "string", default: "blocks" },
  },
});
const side = Number(values.side);
const imageShape = [side, side, 3] as const;
const DROP = "/proc/sys/vm/drop_caches";

if (values.measure !== undefined) await measure(values.measure, values.shuffle as Shuffle);
else
  for (const count of positionals.length > 0 ? positionals : ["100000", "1000000", "10000000"])
    await compare(Number(count));

async function compare(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "large-data-"));
  try {
    const start = performance.now();
    await writeRecords(made(count), folder);
    const seconds = (performance.now() - start) / 1000;
    console.log(`${count} records of ${side}x${side}x3: packed in ${seconds.toFixed(1)} s`);
    for (const shuffle of ["whole", "blocks", "none"])
      for (const isCold of canDrop() ? [false, true] : [false]) {
        if (isCold) drop();
        const args = ["--import", "tsx", import.meta.filename, "--measure", folder, "--shuffle", shuffle];
        const own = ["--side", values.side, "--batch", values.batch, "--seconds", values.seconds];
        const found = execFileSync(process.execPath, [...args, ...own], { encoding: "utf8" });
        console.log(`  ${shuffle.padEnd(6)} ${isCold ? "cold" : "warm"}  ${found.trim()}`);
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function canDrop(): boolean {
  try {
    accessSync(DROP, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function drop(): void {
  execFileSync("sync");
  writeFileSync(DROP, "1");
}

/** Random bytes, the same for all pieces, and the class n modulo 10. */
function made(count: number): Dataset {
  const bytes = side * side * 3;
  const noise = Uint8Array.from(Rng.fromSeed(1).uniformArray(bytes * 256), (v) => v * 256);
  const split = (size: number) => ({
    size,
    read: async (rows: ArrayLike<number>) => ({
      images: noise.slice(0, rows.length * bytes),
      labels: Float32Array.from(rows, (n) => n % 10),
    }),
  });
  const splits = { train: split(count), val: split(1000), test: split(0) };
  const rest = { splitNote: "Made.", labelNames: ["class"], skipped: [], close: async () => {} };
  return { name: "made", imageShape, splits, ...rest };
}

async function measure(folder: string, shuffle: Shuffle): Promise<void> {
  let last = performance.now();
  let used = process.cpuUsage();
  const lap = () => {
    const { user, system } = process.cpuUsage(used);
    const passed = [(performance.now() - last) / 1000, (user + system) / 1e6] as const;
    last = performance.now();
    used = process.cpuUsage();
    return passed;
  };
  const args = { baseDir: "/", cacheDir: folder, seed: 1 };
  const data = await records.open({ data_path: folder } as Parameters<typeof records.open>[0], args);
  const open = lap();
  const loader = new Loader(data.splits.train, {
    batchSize: Number(values.batch),
    imageShape,
    shuffle,
    dropLast: true,
    horizontalFlip: false,
    imageRange: "unit",
    prefetch: 4,
    rng: Rng.fromSeed(1),
  });
  for await (const _ of loader.batches(0)) break;
  const first = lap();
  let begun: readonly [number, number] | undefined;
  let images = 0;
  const isOver = () => (performance.now() - last) / 1000 > Number(values.seconds);
  for (let epoch = 1; epoch === 1 || !isOver(); epoch++)
    for await (const { shape } of loader.batches(epoch)) {
      if (begun === undefined) begun = lap();
      else images += shape[0];
      if (isOver()) break;
    }
  const rates = lap().map((passed) => Math.round(images / passed));
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  const text = ([wall, cpu]: readonly [number, number]) => `${wall.toFixed(3)} (${cpu.toFixed(3)})`;
  console.log(
    `open ${text(open)}  first batch ${text(first)}  epoch's start ${text(begun!)}  images/s ${rates[0]} (${rates[1]})  ${mb(rss)} MB, heap ${mb(heapUsed)}`,
  );
  await data.close();
}
