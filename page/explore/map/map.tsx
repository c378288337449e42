import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Choice } from "../../parts/choice.tsx";
import { useDrawing } from "../../parts/drawing.ts";
import type { Exploration } from "../exploration.ts";
import { draw } from "./draw.ts";
import { follow } from "./gestures.ts";
import { along, inside, moved, nearest, REACH, type View, viewOfAll, zoomed } from "./view.ts";

/** What dragging does. */
type Drag = "move" | "choose" | "way";

/** The validation images by their latents in the plane: a click goes there, dragging moves, chooses or draws a way. */
export function LatentMap({ at }: { at: Exploration }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const how = useSignal<"pca" | "umap">("pca");
  const look = useSignal<"pictures" | "dots">("pictures");
  const column = useSignal(-1);
  const points = useSignal<Float32Array | undefined>(undefined);
  const view = useSignal<View | undefined>(undefined);
  const sprite = useSignal<ImageBitmap | undefined>(undefined);
  const chosen = useSignal<ReadonlySet<number>>(new Set());
  const current = useSignal<number | undefined>(0);
  const line = useSignal<readonly (readonly [number, number])[]>([]);
  const busy = useSignal(false);
  const drags = useSignal<Drag>("move");
  const resized = useSignal(0);
  const colours = useComputed(() => coloursOf(at, column.value));

  useEffect(() => {
    void createImageBitmap(new Blob([new Uint8Array(at.opened.sprite)], { type: "image/webp" })).then(
      (bitmap) => {
        sprite.value = bitmap;
      },
    );
    const observer = new ResizeObserver(() => {
      resized.value++;
    });
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, [at]);
  useEffect(() => {
    let left = false;
    busy.value = true;
    void at.engine.project(how.value).then((found) => {
      if (left) return;
      busy.value = false;
      points.value = found;
      const { clientWidth, clientHeight } = canvas.current!;
      view.value = viewOfAll(found, clientWidth, clientHeight);
    });
    return () => {
      left = true;
    };
  }, [at, how.value]);
  useDrawing(canvas, () => {
    if (points.value === undefined || view.value === undefined) return;
    draw(canvas.current!, {
      points: points.value,
      view: view.value,
      sprite: sprite.value,
      tile: at.card.sprite,
      size: look.value === "pictures" ? at.card.sprite.side : 0,
      colours: colours.value,
      chosen: chosen.value,
      current: current.value,
      line: line.value,
      closed: drags.value !== "way",
    });
  });
  void [resized.value, sprite.value, colours.value, chosen.value, current.value, line.value, view.value];

  const size = () => [canvas.current!.clientWidth, canvas.current!.clientHeight] as const;
  const goTo = (image: number) => {
    current.value = image;
    at.goTo(image);
  };
  useEffect(() => {
    let drag: Drag = "move";
    let before: View | undefined;
    return follow(canvas.current!, {
      begin(shift) {
        drag = shift ? "choose" : drags.value;
        before = view.value;
      },
      tap(place) {
        if (points.value === undefined || view.value === undefined) return;
        const image = nearest(points.value, view.value, place, ...size(), REACH);
        if (image !== undefined) goTo(image);
        else chosen.value = new Set();
      },
      drag(places) {
        if (drag !== "move") line.value = [...places];
        else if (before !== undefined) {
          const [[x0, y0], [x, y]] = [places[0]!, places.at(-1)!];
          view.value = moved(before, x - x0, y - y0);
        }
      },
      dragged(places) {
        line.value = [];
        if (drag === "move" || places.length === 0 || points.value === undefined || view.value === undefined)
          return;
        const found = (drag === "choose" ? inside : along)(points.value, view.value, places, ...size());
        chosen.value = new Set(found);
        if (drag === "way" && found.length > 1) at.goAlong(found);
      },
      pinch(by, from, to) {
        line.value = [];
        if (view.value !== undefined)
          view.value = zoomed(moved(view.value, to[0] - from[0], to[1] - from[1]), by, to, ...size());
      },
    });
  }, [at]);
  const zoom = (by: number, place?: readonly [number, number]) => {
    const [width, height] = size();
    if (view.value !== undefined)
      view.value = zoomed(view.value, by, place ?? [width / 2, height / 2], width, height);
  };
  return (
    <section class="map" aria-label="Map of the validation images">
      <div class="bar">
        <h2>Map</h2>
        <Choice
          label="Plane"
          options={[
            ["pca", "PCA"],
            ["umap", "UMAP"],
          ]}
          value={how.value}
          onChange={(value) => {
            how.value = value;
          }}
        />
        <Choice
          label="Shown as"
          options={[
            ["pictures", "Pictures"],
            ["dots", "Dots"],
          ]}
          value={look.value}
          onChange={(value) => {
            look.value = value;
          }}
        />
        {at.card.labels !== undefined && (
          <select
            aria-label="Coloured by"
            value={column}
            onChange={(event) => {
              column.value = Number(event.currentTarget.value);
            }}
          >
            <option value={-1}>no colours</option>
            {at.card.labels.map(({ name }, c) => (
              <option key={name} value={c}>
                by {name}
              </option>
            ))}
          </select>
        )}
        <button type="button" aria-label="Zoom in" onClick={() => zoom(1.5)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / 1.5)}>
          −
        </button>
        <Choice
          label="Dragging"
          options={[
            ["move", "Move"],
            ["choose", "Choose several"],
            ["way", "Draw a way"],
          ]}
          value={drags.value}
          onChange={(value) => {
            drags.value = value;
          }}
        />
        {busy.value && (
          <span class="hint" role="status">
            computing…
          </span>
        )}
      </div>
      <div
        role="application"
        class="keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys are the canvas's
        tabIndex={0}
        aria-label={`${at.count} validation images in the plane. Arrows go to the next one in a direction, plus and minus zoom.`}
        onKeyDown={(event) => {
          if (event.key === "+" || event.key === "=") zoom(1.25);
          else if (event.key === "-") zoom(0.8);
          else {
            const next = nextImage(points.value, current.value, event.key);
            if (next === undefined) return;
            goTo(next);
          }
          event.preventDefault();
        }}
      >
        <canvas
          ref={canvas}
          class="plane"
          onWheel={(event) => {
            event.preventDefault();
            zoom(1.0015 ** -event.deltaY, [event.offsetX, event.offsetY]);
          }}
        />
      </div>
      <p class="hint">
        {chosen.value.size > 0 ? (
          <button type="button" class="quiet" onClick={() => at.goToMean([...chosen.value])}>
            Go to the mean of the {chosen.value.size} chosen
          </button>
        ) : (
          HINTS[drags.value]
        )}
      </p>
    </section>
  );
}

const HINTS: Readonly<Record<Drag, string>> = {
  move: "Click an image to go there; drag to move, scroll or pinch to zoom; drag around images with shift.",
  choose: "Drag around images to choose them.",
  way: "Drag across images: From one to another then goes along them.",
};

/** The nearest image in the direction of an arrow key. */
function nextImage(
  points: Float32Array | undefined,
  from: number | undefined,
  key: string,
): number | undefined {
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
  if (direction === undefined || points === undefined) return undefined;
  const start = from ?? 0;
  let [best, distance] = [start, Infinity];
  for (let n = 0; 2 * n < points.length; n++) {
    const [dx, dy] = [points[2 * n]! - points[2 * start]!, points[2 * n + 1]! - points[2 * start + 1]!];
    const ahead = dx * direction[0]! + dy * direction[1]!;
    const aside = Math.abs(dx * direction[1]! - dy * direction[0]!);
    if (ahead <= aside) continue;
    const d = Math.hypot(dx, dy);
    if (d < distance) [best, distance] = [n, d];
  }
  return best;
}

/** A colour a value of a label, or along a range of numbers. */
function coloursOf({ card, opened, count }: Exploration, column: number): readonly string[] | undefined {
  const label = card.labels?.[column];
  if (label === undefined || opened.labels === undefined) return undefined;
  const width = card.labels!.length;
  const values = Array.from({ length: count }, (_, n) => opened.labels![n * width + column]!);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.map((v) => `hsl(${(300 * (v - low)) / Math.max(1e-9, high - low)} 70% 52%)`);
}
