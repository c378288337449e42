import sharp from "sharp";

/** Attributes of the small CelebA that `celebaFiles` makes. */
export const ATTRIBUTES = ["Bangs", "Male", "Smiling"] as const;

/** Column and row are in the red and green of each pixel, the image's number in its blue. */
export async function face(number: number, width = 178, height = 218): Promise<Buffer> {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set([x, y, 10 * number], (y * width + x) * 3);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

export const faceName = (number: number): string => `${String(number).padStart(6, "0")}.jpg`;

/** The two tables of `count` images: image i is of part i % 4 (3 as 0) and has attribute a where (i >> a) & 1. */
export function celebaTables(
  count: number,
  attributes: readonly string[] = ATTRIBUTES,
): Record<string, string> {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const signs = (i: number) => attributes.map((_, a) => ((i >> a) & 1 ? " 1" : "-1")).join(" ");
  const rows = numbers.map((i) => `${faceName(i)} ${signs(i)}`);
  return {
    "list_attr_celeba.txt": `${count}\n${attributes.join(" ")} \n${rows.join("\n")}\n`,
    "list_eval_partition.txt": `${numbers.map((i) => `${faceName(i)} ${(i % 4) % 3}`).join("\n")}\n`,
  };
}

/** CelebA's published layout with `count` images. */
export async function celebaFiles(
  count: number,
  attributes: readonly string[] = ATTRIBUTES,
): Promise<Record<string, Uint8Array | string>> {
  const files: Record<string, Uint8Array | string> = celebaTables(count, attributes);
  for (let i = 1; i <= count; i++) files[`img_align_celeba/${faceName(i)}`] = await face(i);
  return files;
}
