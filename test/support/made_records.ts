import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordsLayout } from "../../src/data/records/layout.ts";

/** A folder of records in files without content, as large as `train` records of [8, 8, 3] and a class take, and `val` more. */
export function sparseRecords(folder: string, train: number, val: number): RecordsLayout {
  const layout: RecordsLayout = {
    format: "tfjs-vae records 1",
    imageShape: [8, 8, 3],
    imagesPerFile: 1_000_000,
    splits: { train, val, test: 0 },
    splitNote: "Made.",
    labelNames: ["class"],
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, count] of Object.entries({ train, val }))
    for (let number = 0; number * layout.imagesPerFile < count; number++) {
      const fd = openSync(join(folder, `${name}-${String(number).padStart(5, "0")}.records`), "w");
      ftruncateSync(fd, Math.min(layout.imagesPerFile, count - number * layout.imagesPerFile) * 200);
      closeSync(fd);
    }
  writeFileSync(join(folder, "records.json"), JSON.stringify(layout));
  return layout;
}
