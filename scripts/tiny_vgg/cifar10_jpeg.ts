import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";

const CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

export interface LabelledImages {
  /** [n, 32, 32, 3], 0 to 255. */
  readonly images: Uint8Array;
  /** [n], index into CLASSES. */
  readonly labels: Uint8Array;
}

const PIXELS = 32 * 32 * 3;

/**
 * The images of one split, sorted by name, or every `every`-th of them. `folder` holds SPLIT/CLASS/NNNN.jpg, as
 * files or in SPLIT_jpg.tar.
 */
export async function readCifar10Jpeg(
  folder: string,
  split: "train" | "test",
  every = 1,
): Promise<LabelledImages> {
  const tar = path.join(folder, `${split}_jpg.tar`);
  const files = existsSync(tar) ? tarMembers(tar) : jpegsIn(path.join(folder, split));
  const jpegs = [...files].filter(([name]) => name.endsWith(".jpg"));
  const sorted = jpegs.sort(([a], [b]) => (a < b ? -1 : 1)).filter((_, i) => i % every === 0);
  const images = new Uint8Array(sorted.length * PIXELS);
  const labels = new Uint8Array(sorted.length);
  let next = 0;
  const worker = async () => {
    while (next < sorted.length) {
      const i = next++;
      const [name, bytes] = sorted[i]!;
      const label = CLASSES.indexOf(name.split("/").at(-2) as (typeof CLASSES)[number]);
      const { data, info } = await sharp(bytes()).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      if (label < 0 || info.width !== 32 || info.height !== 32 || info.channels !== 3)
        throw new Error(`${name}: expected CLASS/NNNN.jpg of 32x32 pixels in colour`);
      images.set(data, i * PIXELS);
      labels[i] = label;
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return { images, labels };
}

type Member = [name: string, bytes: () => Buffer];

function jpegsIn(folder: string): Member[] {
  return readdirSync(folder).flatMap((sub) => {
    if (!statSync(path.join(folder, sub)).isDirectory()) return [];
    return readdirSync(path.join(folder, sub)).map((file): Member => {
      const full = path.join(folder, sub, file);
      return [`${sub}/${file}`, () => readFileSync(full)];
    });
  });
}

/** The regular files of an uncompressed ustar archive: 512-byte headers, contents padded to 512 bytes. */
function tarMembers(file: string): Member[] {
  const archive = Buffer.alloc(statSync(file).size);
  const handle = openSync(file, "r");
  for (let at = 0; at < archive.length; ) at += readSync(handle, archive, at, archive.length - at, at);
  closeSync(handle);
  const members: Member[] = [];
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const field = (start: number, length: number) =>
      archive.toString("latin1", at + start, at + start + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(field(124, 12), 8);
    const begin = at + 512;
    if (field(156, 1) === "0" || field(156, 1) === "")
      members.push([field(0, 100), () => archive.subarray(begin, begin + size)]);
    at = begin + Math.ceil(size / 512) * 512;
  }
  return members;
}
