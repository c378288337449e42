import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigFuzz } from "./configs.ts";
import { Dice } from "./dice.ts";
import { FileFuzz } from "./files.ts";

export interface Tally {
  /** Cases that were read all the same. */
  read: number;
  refused: number;
  /** What neither was, by its first line; one case of each, to make it again. */
  readonly faults: Map<string, string>;
  /** Longest case, in seconds. */
  slowest: number;
}

/**
 * Runs the cases `from` to `to` of a seed in `folder`: even ones are configs, odd ones files. Case by case the same
 * whatever runs before.
 */
export async function fuzz(
  folder: string,
  seed: number,
  from: number,
  to: number,
): Promise<Record<"configs" | "files", Tally>> {
  for (const name of ["configs", "files"]) mkdirSync(join(folder, name), { recursive: true });
  const makers = {
    configs: new ConfigFuzz(join(folder, "configs")),
    files: await FileFuzz.make(join(folder, "files"), new Dice(seed, -1)),
  };
  const empty = (): Tally => ({ read: 0, refused: 0, faults: new Map(), slowest: 0 });
  const tallies = { configs: empty(), files: empty() };
  for (let i = from; i < to; i++) {
    const kind = i % 2 === 0 ? "configs" : "files";
    const tally = tallies[kind];
    const began = performance.now();
    try {
      tally[await makers[kind].run(new Dice(seed, i))]++;
    } catch (error) {
      const text = (error as Error).message;
      const name = text.split("\n", 1)[0]!.replaceAll(folder, "").slice(0, 200);
      if (!tally.faults.has(name)) tally.faults.set(name, `case ${i} of seed ${seed}: ${text}`);
    }
    tally.slowest = Math.max(tally.slowest, (performance.now() - began) / 1000);
  }
  return tallies;
}
