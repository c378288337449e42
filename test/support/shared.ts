import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

/** Folder of reference values, real images and real weights; a fresh clone hasn't it. */
export const shared =
  process.env.TFJS_VAE_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));

/** A describe that is skipped, saying so, where `../shared/PART` is missing. */
export function describeShared(part: string, title: string, body: () => void): void {
  const there = existsSync(`${shared}/${part}`);
  (there ? describe : describe.skip)(there ? title : `${title} (../shared/${part} is missing)`, body);
}
