import type { Pixels } from "../../src/browser/pixels.ts";

/** As much of a picture's middle as has the shape [height, width], at that size. @throws where the browser can't read it */
export async function picturesMiddle(
  file: Blob,
  [height, width]: readonly [number, number, ...unknown[]],
): Promise<Pixels> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // below what is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { data: data as Uint8ClampedArray<ArrayBuffer>, count: 1, width, height };
}
