import { useRef } from "preact/hooks";
import { onePicture, type Pixels } from "../../src/browser/pixels.ts";
import { useDrawing } from "../parts/drawing.ts";

/** One of `pixels`, drawn as it is; the style enlarges it by whole pixels. */
export function Picture(props: {
  pixels: Pixels | undefined;
  index?: number;
  label: string;
  class?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { pixels, index = 0 } = props;
  const draw = () => {
    if (pixels === undefined || canvas.current === null) return;
    const { data, width, height } = onePicture(pixels, index);
    Object.assign(canvas.current, { width, height });
    canvas.current.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
  };
  useDrawing(canvas, draw, [pixels, index]);
  return <canvas ref={canvas} class={`picture ${props.class ?? ""}`} role="img" aria-label={props.label} />;
}
