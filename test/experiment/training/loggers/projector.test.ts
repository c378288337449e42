import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeProjector } from "../../../../src/experiment/training/loggers/projector.ts";

const embedding = {
  vectors: Float32Array.of(1, 2, 3, 4, 5, 6),
  count: 3,
  labelNames: [] as string[],
  sprite: Buffer.alloc(0),
  imageSize: [8, 8],
} as const;

/** The column by which the projector labels points at first (its updateMetadataUI): the first that is no number. */
async function labelledBy(more: object): Promise<string[]> {
  const run = mkdtempSync(join(tmpdir(), "tfjs-vae-projector-"));
  await writeProjector(run, { ...embedding, ...more });
  const lines = readFileSync(join(run, "projector/labels.tsv"), "utf8").trimEnd().split("\n");
  const rows = lines.map((line) => line.split("\t"));
  if (rows[0]!.length === 1) return rows.map(([label]) => label!); // no header: all lines are points
  const [header, ...points] = rows;
  expect(points).toHaveLength(3);
  const numeric = header!.map((_, c) => points.every((row) => !Number.isNaN(Number(row[c]))));
  const column = Math.max(0, numeric.indexOf(false));
  return [header![column]!, ...points.map((row) => row[column]!)];
}

it("labels points by their first label, and without labels by the image's number", async () => {
  const labels = Float32Array.of(7, 0.5, 8, 0.5, 9, 0.5);
  expect(await labelledBy({ labels, labelNames: ["class", "size"] })).toEqual(["class", "7", "8", "9"]);
  expect(await labelledBy({})).toEqual(["image 0", "image 1", "image 2"]);
});
