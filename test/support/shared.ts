import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

/**
 * Folder of real images and weights that are too large for the repository, or not free to be part of it: `data/mnist`,
 * `data/cifar10_jpeg`, `data/squeezenet1_0`, `data/lpips`, `data/taef2`. A fresh clone has none, so that what needs
 * them is skipped.
 */
export const shared =
  process.env.TFJS_VAE_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));

/** A describe that is skipped, saying so, where `part` of that folder is missing. */
export function describeShared(part: string, title: string, body: () => void): void {
  const there = existsSync(`${shared}/${part}`);
  (there ? describe : describe.skip)(there ? title : `${title} (${shared}/${part} is missing)`, body);
}
