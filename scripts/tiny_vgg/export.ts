import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { LabelledImages } from "./cifar10_jpeg.ts";
import type { Classifier } from "./classifier.ts";
export async function exportFolded(_n: Classifier, _t: LabelledImages, _m: Record<string, string>) {
  return { bytes: new Uint8Array(0), folded: 0 };
}
