import type { Sharp } from "sharp";
import { Together } from "../../process/together.ts";
import { centerCrop, crop, type Pixels, resizeToSquare, toGrey } from "../transforms.ts";

/** Pixels above which Pillow refuses an image as a bomb: a small file may promise any number of them. */
const MAX_PIXELS = 178_956_970;

/** What is done to each image after decoding. */
export interface ImageTransform {
  /** Side of the crop before resizing; undefined: none. */
  readonly centerCrop?: number;
  /** The part that is kept before resizing, side x side from there on; undefined: all. */
  readonly box?: { readonly left: number; readonly top: number; readonly side: number };
  /** Side of the result. */
  readonly size: number;
  readonly channels: 1 | 3;
}

/** An image that can be read and doesn't do. */
class Unfit extends Error {}

const decoding = new Together();

/**
 * The image of a file (its name or its bytes) as packed bytes [size, size, channels]: turned as its EXIF says, on
 * white where it is transparent, 8 bits a channel, sRGB (or its grey), then torchvision's CenterCrop, Resize of the shorter
 * side and CenterCrop.
 *
 * One that can't be read is read once more, alone: libvips has one text of what went wrong for all of its threads, so that an
 * error may tell of another image, or of none.
 *
 * @throws Error with the reason
 */
export async function decodeImage(file: string | Uint8Array, transform: ImageTransform): Promise<Uint8Array> {
  try {
    return await decoding.beside(() => decode(file, transform));
  } catch (error) {
    if (error instanceof Unfit) throw error;
    return decoding.alone(() => decode(file, transform));
  }
}

async function decode(file: string | Uint8Array, transform: ImageTransform): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp"); // 40 ms that checking a config need not take
  sharp.cache(false); // no image is read twice
  const opened = sharp(file, { failOn: "error", limitInputPixels: MAX_PIXELS });
  if (typeof file === "string" && /\.tiff?$/i.test(file)) await checkDepth(opened);
  const { data, info } = await toRgb(opened).raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  let image: Pixels = { data, width: info.width, height: info.height, channels: info.channels };
  if (transform.channels === 1) image = toGrey(image);
  const { box } = transform;
  if (box && (box.left + box.side > info.width || box.top + box.side > info.height)) {
    const least = `${box.left + box.side}x${box.top + box.side}`;
    throw new Unfit(`too small: expected at least ${least}, got ${info.width}x${info.height}`);
  }
  if (box) image = crop(image, box.left, box.top, box.side);
  if (transform.centerCrop) image = centerCrop(image, transform.centerCrop);
  return resizeToSquare(image, transform.size).data;
}

/** TIFF alone holds numbers of which none says what is black and what white. @throws Unfit for them */
async function checkDepth(image: Sharp): Promise<void> {
  const { depth } = await image.metadata();
  if (depth !== "uchar" && depth !== "ushort")
    throw new Unfit(
      `has pixels of type ${depth}, of which none says what is white: save it with 8 or 16 bits`,
    );
}

const toRgb = (image: Sharp): Sharp =>
  image.autoOrient().flatten({ background: "white" }).toColourspace("srgb");
