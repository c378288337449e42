/**
 * Changes the shipped configs and damages files of every format that is read, at random, and fails where one comes to
 * anything but being read or a sentence with its place. The same seed makes the same cases.
 *   npm run fuzz [-- --cases 100000] [-- --seed 1]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz } from "../test/fuzz/run.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const [cases, seed] = [Number(values.cases), Number(values.seed)];
const CHUNK = 1000;

const folder = mkdtempSync(join(tmpdir(), "tfjs-vae-fuzz-"));
const sums = { configs: { read: 0, refused: 0, slowest: 0 }, files: { read: 0, refused: 0, slowest: 0 } };
const faults = new Map<string, string>();
const began = performance.now();
const resident = () => process.resourceUsage().maxRSS / 1024;
let first = 0;
try {
  for (let from = 0; from < cases; from += CHUNK) {
    const tallies = await fuzz(folder, seed, from, Math.min(cases, from + CHUNK));
    for (const kind of ["configs", "files"] as const) {
      const [sum, tally] = [sums[kind], tallies[kind]];
      sum.read += tally.read;
      sum.refused += tally.refused;
      sum.slowest = Math.max(sum.slowest, tally.slowest);
      for (const [name, text] of tally.faults) {
        if (!faults.has(name)) console.log(text);
        faults.set(name, text);
      }
    }
    first ||= resident();
    if (from % (10 * CHUNK) === 0) console.log(`${from + CHUNK} cases, ${faults.size} kinds of faults`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const [kind, { read, refused, slowest }] of Object.entries(sums))
  console.log(
    `${kind}: ${refused} refused, ${read} read all the same; the longest case took ${slowest.toFixed(2)} s`,
  );
console.log(
  `${cases} cases of seed ${seed} in ${((performance.now() - began) / 1000).toFixed(0)} s; most memory ${resident().toFixed(0)} MB, after the first ${CHUNK} ${first.toFixed(0)} MB; ${faults.size} kinds of faults`,
);
if (faults.size > 0) process.exitCode = 1;
