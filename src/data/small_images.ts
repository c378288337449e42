import type { Dataset, Split } from "./dataset.ts";
import { memoryStore, range, splitOf } from "./store.ts";
import { centerCrop, type Pixels, resize } from "./transforms.ts";

/** Square images of one size with a class each, in memory. */
export interface Classified {
  /** Packed [n, side, side, channels]. */
  readonly images: Uint8Array;
  /** [n]. */
  readonly classes: Uint8Array;
}

interface SmallImages {
  readonly side: number;
  readonly channels: number;
  readonly pads: readonly number[];
  /** Their names; how many there are, where they are digits. */
  readonly classes: readonly string[] | number;
}

/**
 * A data set of small images with a published training and test part: val is the last 5,000 training images
 * (a tenth, where that is less). At another size than their own, images are padded with zeros where `pads` holds
 * the size, else resized (bilinear with antialiasing), as they are read.
 */
export function smallImages(
  name: string,
  { side, channels, pads, classes }: SmallImages,
  patchSize: number | undefined,
  train: Classified,
  test: Classified,
): Dataset {
  const target = patchSize ?? side;
  const bytes = side * side * channels;
  const fit = (image: Pixels) =>
    pads.includes(target) ? centerCrop(image, target) : resize(image, target, target);
  const change = {
    bytes: target * target * channels,
    apply: (data: Uint8Array, out: Uint8Array) =>
      out.set(fit({ data, width: side, height: side, channels }).data),
  };
  const split = ({ images, classes }: Classified, from: number, to: number): Split =>
    splitOf(memoryStore(images, bytes, target === side ? undefined : change), range(from, to), {
      values: Float32Array.from(classes),
      width: 1,
    });
  const count = train.classes.length;
  const held = Math.min(5000, Math.floor(count / 10));
  return {
    name,
    imageShape: [target, target, channels],
    splits: {
      train: split(train, 0, count - held),
      val: split(train, count - held, count),
      test: split(test, 0, test.classes.length),
    },
    splitNote: `test: the ${test.classes.length} published test images; val: the last ${held} of the ${count} training images; train: the first ${count - held}.`,
    labelNames: ["class"],
    labelValues: [typeof classes === "number" ? classes : classes.length],
    ...(typeof classes !== "number" && { valueNames: [classes] }),
    skipped: [],
    close: async () => {},
  };
}
