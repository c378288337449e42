import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Pixels } from "../../src/browser/pixels.ts";
import { type Codes, nearestCodes } from "../engine/codes.ts";
import { useDrawing } from "../parts/drawing.ts";
import type { Exploration } from "./exploration.ts";
import { Picture } from "./picture.tsx";

/** Codes to paint with. */
const BRUSHES = 24;

/** The grid of codes of a picture, to paint on. */
export function CodeGrid({ at }: { at: Exploration }) {
  const { codes } = at.opened;
  return codes === undefined ? null : <Grid at={at} codes={codes} />;
}

function Grid({ at, codes }: { at: Exploration; codes: Codes }) {
  const { height, width, size, numbers, vectors } = codes;
  const canvas = useRef<HTMLCanvasElement>(null);
  const brush = useSignal(0);
  const cursor = useSignal(0);
  const brushes = useSignal<Pixels | undefined>(undefined);
  const grid = useComputed(() => nearestCodes(at.z.value, codes));
  const count = Math.min(BRUSHES, numbers.length);

  useEffect(() => {
    const plain = new Float32Array(count * at.dims);
    for (let k = 0; k < count; k++)
      for (let cell = 0; cell < height * width; cell++)
        plain.set(vectors.subarray(k * size, (k + 1) * size), k * at.dims + cell * size);
    void at.engine.decode(plain).then((pixels) => {
      brushes.value = pixels;
    });
  }, [at]);
  const draw = () => {
    const context = canvas.current!.getContext("2d")!;
    for (let cell = 0; cell < height * width; cell++) {
      context.fillStyle = colourOf(grid.value[cell]!);
      context.fillRect(cell % width, Math.floor(cell / width), 1, 1);
    }
  };
  useDrawing(canvas, draw, [grid.value]);

  const paint = (cell: number) => {
    cursor.value = cell;
    if (grid.value[cell] === brush.value) return;
    const z = at.z.value.slice();
    z.set(vectors.subarray(brush.value * size, (brush.value + 1) * size), cell * size);
    at.z.value = z;
  };
  const paintAt = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    if (x >= 0 && y >= 0 && x < width && y < height) paint(y * width + x);
  };
  const move = (by: number) => {
    cursor.value = Math.min(height * width - 1, Math.max(0, cursor.value + by));
  };
  return (
    <section class="codes" aria-label="Codes">
      <h2>Codes</h2>
      <p class="hint">
        {height} × {width} of {numbers.length} codes that validation images have. Choose one, and paint.
      </p>
      <div
        role="application"
        class="keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys are the canvas's
        tabIndex={0}
        aria-label={`Grid of codes, row ${Math.floor(cursor.value / width) + 1}, column ${(cursor.value % width) + 1}. Arrows move, space paints.`}
        onKeyDown={(event) => {
          const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[event.key];
          if (by !== undefined) move(by);
          else if (event.key === " ") paint(cursor.value);
          else return;
          event.preventDefault();
        }}
      >
        <canvas
          ref={canvas}
          class="picture grid"
          width={width}
          height={height}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            paintAt(event);
          }}
          onPointerMove={(event) => event.buttons > 0 && paintAt(event)}
        />
      </div>
      <ul class="brushes">
        {Array.from({ length: count }, (_, k) => (
          <li key={k}>
            <button
              type="button"
              aria-label={`Paint with code ${numbers[k]}`}
              aria-pressed={brush.value === k}
              style={{ borderColor: colourOf(k) }}
              onClick={() => {
                brush.value = k;
              }}
            >
              <Picture pixels={brushes.value} index={k} label="" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Neighbouring numbers get far colours. */
const colourOf = (k: number): string => `hsl(${(k * 137.5) % 360} 62% ${38 + ((k * 29) % 32)}%)`;
