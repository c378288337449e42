import { join } from "node:path";
import { makeFolder, writeAtomic } from "../../../files/atomic_file.ts";
import { significant } from "../../../text/numbers.ts";

/** Points with their pictures, as TensorBoard's projector shows them. */
export interface Embedding {
  /** Packed [N, D]. */
  readonly vectors: Float32Array;
  readonly count: number;
  /** Packed [N, L], one column a name. */
  readonly labels?: Float32Array;
  readonly labelNames: readonly string[];
  /** Names of each label's values, where they have some. */
  readonly valueNames?: readonly (readonly string[] | undefined)[];
  /** PNG of the N images in rows of ceil(sqrt(N)), without space between. */
  readonly sprite: Buffer;
  /** Height and width of one of them. */
  readonly imageSize: readonly [height: number, width: number];
}

const FOLDER = "projector";

/**
 * Writes `projector_config.pbtxt`, where TensorBoard's projector plugin looks for it, and what it names: the points
 * and their labels as tab-separated values, the pictures as a sprite image. Of a later call only that is kept.
 *
 * @throws UserError where the disk is full or not writable
 */
export async function writeProjector(run: string, embedding: Embedding): Promise<void> {
  const { sprite, imageSize } = embedding;
  const folder = join(run, FOLDER);
  await makeFolder(folder);
  await writeAtomic(join(folder, "z.tsv"), table(embedding));
  await writeAtomic(join(folder, "labels.tsv"), labelTable(embedding));
  await writeAtomic(join(folder, "sprite.png"), sprite);
  const [height, width] = imageSize;
  const config = [
    "embeddings {",
    '  tensor_name: "z of validation images"',
    `  tensor_path: "${FOLDER}/z.tsv"`,
    `  metadata_path: "${FOLDER}/labels.tsv"`,
    `  sprite { image_path: "${FOLDER}/sprite.png" single_image_dim: ${width} single_image_dim: ${height} }`,
    "}",
  ];
  await writeAtomic(join(run, "projector_config.pbtxt"), `${config.join("\n")}\n`);
}

function table({ vectors, count }: Embedding): string {
  const width = vectors.length / count;
  const row = (n: number) => vectors.subarray(n * width, (n + 1) * width).join("\t");
  return `${Array.from({ length: count }, (_, n) => row(n)).join("\n")}\n`;
}

/**
 * The labels and the image's number, with a header; without labels the images' numbers alone, and no header, which is read
 * only where there are two columns or more. Points are labelled at first by the first column that is no number, else by
 * the first.
 */
function labelTable({ count, labels, labelNames, valueNames }: Embedding): string {
  const width = labelNames.length;
  const clean = (name: string) => name.replace(/\s+/g, " ");
  const numbers = Array.from({ length: count }, (_, n) => n);
  if (labels === undefined) return `${numbers.map((n) => `image ${n}`).join("\n")}\n`;
  const rows = numbers.map((n) => {
    const shown = [...labels.subarray(n * width, (n + 1) * width)].map((value, i) => {
      const name = valueNames?.[i]?.[value];
      return name === undefined ? significant(value, 6) : clean(name);
    });
    return [...shown, n];
  });
  const header = [...labelNames.map(clean), "image"];
  return `${[header, ...rows].map((row) => row.join("\t")).join("\n")}\n`;
}
