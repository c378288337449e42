import { execFileSync } from "node:child_process";
import { dataFolder } from "./data.ts";
import { shared } from "./shared.ts";

/** The file that it is made of, below `shared`. */
export const CIFAR_PHOTOS = "data/cifar10_jpeg/test_jpg.tar";

/** A folder with test/CLASS/0000.jpg … 0029.jpg of CIFAR-10's ten classes: 300 real photographs, 32x32. */
export function cifarPhotos(): string {
  const folder = dataFolder();
  const args = ["--wildcards", "--extract", "--file", `${shared}/${CIFAR_PHOTOS}`, "--directory", folder];
  execFileSync("tar", [...args, "test/*/00[0-2][0-9].jpg"]);
  return folder;
}
