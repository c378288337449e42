import { useEffect, useRef } from "preact/hooks";
import type { Pixels } from "../engine/pixels.ts";

/** One of `pixels`, drawn as it is; the style enlarges it by whole pixels. */
export function Picture(props: {
  pixels: Pixels | undefined;
  index?: number;
  label: string;
  class?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { pixels, index = 0 } = props;
  useEffect(() => {
    if (pixels === undefined || canvas.current === null) return;
    const { width, height } = pixels;
    Object.assign(canvas.current, { width, height });
    canvas.current.getContext("2d")!.putImageData(imageData(pixels, index), 0, 0);
  }, [pixels, index]);
  return <canvas ref={canvas} class={`picture ${props.class ?? ""}`} role="img" aria-label={props.label} />;
}

/** One of `pixels` by itself. */
export function imageData({ data, width, height }: Pixels, index: number): ImageData {
  const size = 4 * width * height;
  return new ImageData(data.slice(index * size, (index + 1) * size), width, height);
}
