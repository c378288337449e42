import { concat } from "../concat.ts";
import { decodeImage, type ImageTransform } from "../data/image_folder/decode.ts";
import { DataError, ShapeError } from "../errors.ts";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import { batchesOfFiles, wantedOf } from "../experiment/trained/run_images.ts";
import { withLabels } from "../explore/given_labels.ts";
import { concatImages, type Images as Packed } from "../explore/images.ts";
import { fromBytes } from "../images/bytes.ts";
import type { Tensor3D, Tensor4D } from "../tf.ts";
import { type Check, checked } from "./checked.ts";
import { Images } from "./images.ts";

/** Pixels of one image, as a canvas (`ImageData`) and sharp (`raw`) give them: rows of 1, 3 or, with alpha, 2 or 4 bytes. */
export interface RawPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** Default: as many as there are bytes for. */
  readonly channels?: 1 | 2 | 3 | 4 | undefined;
}

/**
 * Images in one of the ways that there are: a file, a folder of files or a glob by its name; the bytes of a JPEG, PNG, WebP,
 * TIFF, GIF or AVIF file; pixels; a tensor [H, W, C] or [N, H, W, C] in the model's range and size; what another call gave. Files
 * and pixels of another size are cropped and resized as an image folder's.
 */
export type ImageInput = string | Uint8Array | RawPixels | Tensor3D | Tensor4D | Images;

/** One such, or several. */
export type ImagesInput = ImageInput | readonly ImageInput[];

/**
 * Images as the run's model takes them.
 *
 * @param label NAME=VALUE of labels, for images that have none of their own and a model that wants some
 * @throws ConfigError where a name fits no file, DataError where bytes can't be read, ShapeError for a tensor of another size
 */
export async function packImages(
  run: OpenRun,
  input: ImagesInput,
  { label, note }: { readonly label?: readonly string[] | undefined; note(sentence: string): void },
): Promise<Packed> {
  const parts: Packed[] = [];
  for (const one of [input].flat() as ImageInput[]) {
    checked("images", one, INPUT);
    if (typeof one === "string") {
      for await (const batch of batchesOfFiles(run, [one], { label, note })) parts.push(batch);
    } else if (one instanceof Images && one.labels !== undefined) parts.push(fitting(run, packedOf(one)));
    else parts.push(withLabels(fitting(run, await packed(run, one)), run.vae, label));
  }
  if (parts.length === 0) throw new DataError("expected images, got an empty list.");
  const labels = parts.flatMap((part) => (part.labels ? [part.labels] : []));
  if (labels.length < parts.length) return concatImages(parts);
  return { ...concatImages(parts), labels: concat(labels) };
}

const isTensor = (value: object): value is Tensor4D => "dataSync" in value;

const isPixels = ({ data, width, height }: Partial<RawPixels>): boolean =>
  (data instanceof Uint8Array || data instanceof Uint8ClampedArray) &&
  [width, height].every((side) => Number.isInteger(side) && side! >= 1);

const INPUT: Check = {
  expected: "a file's name, its bytes, pixels as {data, width, height}, a tensor, or what another call gave",
  fits: (value) =>
    typeof value === "string" ||
    value instanceof Images ||
    value instanceof Uint8Array ||
    (typeof value === "object" && value !== null && (isTensor(value) || isPixels(value))),
};

async function packed(run: OpenRun, one: Exclude<ImageInput, string>): Promise<Packed> {
  if (one instanceof Images) return packedOf(one);
  if (one instanceof Uint8Array) return decoded(run, one);
  if ("width" in one) return decoded(run, await encoded(one));
  if (one.rank !== 3 && one.rank !== 4)
    throw new ShapeError(
      `images: expected a tensor [H, W, C] or [N, H, W, C], got one of [${(one as Tensor4D).shape.join(", ")}].`,
    );
  if (one.size === 0) throw new DataError("expected images, got a tensor without values.");
  const [height, width, channels] = one.shape.slice(-3) as [number, number, number];
  const count = one.rank === 4 ? one.shape[0] : 1;
  return { images: (await one.data()) as Float32Array, shape: [count, height, width, channels] };
}

const packedOf = ({ data, shape, labels }: Images): Packed => ({
  images: data,
  shape,
  ...(labels && { labels }),
});

/** The image of a file's bytes. @throws DataError where they are none */
async function decoded(run: OpenRun, bytes: Uint8Array): Promise<Packed> {
  const { imageShape, imageRange, centerCrop } = wantedOf(run);
  const [height, width, channels] = imageShape;
  const transform: ImageTransform = {
    size: Math.max(height, width),
    channels: channels as 1 | 3,
    ...(centerCrop && { centerCrop }),
  };
  try {
    const images = fromBytes(await decodeImage(bytes, transform), imageRange);
    return { images, shape: [1, height, width, channels] };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new DataError(
      `expected the bytes of a JPEG, PNG, WebP, TIFF, GIF or AVIF file, got others: ${why}.`,
      {
        cause,
      },
    );
  }
}

/** Pixels as a file that nothing of them is lost in. @throws DataError where their number is another */
async function encoded({
  data,
  width,
  height,
  channels = (data.length / (width * height)) as never,
}: RawPixels) {
  if (![1, 2, 3, 4].includes(channels) || data.length !== width * height * channels)
    throw new DataError(
      `pixels: expected ${width} x ${height} of 1 to 4 bytes each, got ${data.length} bytes.`,
    );
  const { default: sharp } = await import("sharp");
  return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 0 }).toBuffer();
}

/** @throws ShapeError for images of another size than the model's */
function fitting({ imageShape }: OpenRun, images: Packed): Packed {
  const [, ...own] = images.shape;
  if (String(own) === String(imageShape)) return images;
  throw new ShapeError(
    `images: expected ${imageShape.join("x")} as the model takes them, got ${own.join("x")}. Files and pixels are resized, ` +
      "tensors are not.",
  );
}
