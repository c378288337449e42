import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Draws on a canvas when any of `what` changes, or at each rendering; and again where the GPU's process has lost what was drawn. */
export function useDrawing(
  canvas: RefObject<HTMLCanvasElement | null>,
  draw: () => void,
  what?: readonly unknown[],
): void {
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const again = () => latest.current();
    canvas.current!.addEventListener("contextrestored", again);
    return () => canvas.current?.removeEventListener("contextrestored", again);
  }, [canvas]);
  useEffect(draw, what);
}
