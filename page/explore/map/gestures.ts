/** A place on the map, in pixels from its corner. */
export type Place = readonly [x: number, y: number];

/** What pointers do on the map. */
export interface Gestures {
  /** Before a press: shift was held. */
  begin(shift: boolean): void;
  /** A press that did not move. */
  tap(place: Place): void;
  /** A drag under way: its places so far. */
  drag(places: readonly Place[]): void;
  /** A drag that has ended. */
  dragged(places: readonly Place[]): void;
  /** Two fingers: the middle between them went from one place to another, their distance by a factor. */
  pinch(by: number, from: Place, to: Place): void;
}

/** Pixels that a press may move without being a drag. */
const STILL = 4;

/** Tells `gestures` what one pointer or two do on `canvas`; the second one ends the first one's drag. Returns how to stop. */
export function follow(canvas: HTMLCanvasElement, gestures: Gestures): () => void {
  const held = new Map<number, Place>();
  let places: Place[] = [];
  let pinched = false;

  const placeOf = (event: PointerEvent): Place => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const moved = () =>
    Math.hypot(places.at(-1)![0] - places[0]![0], places.at(-1)![1] - places[0]![1]) > STILL;
  let dragging = false;

  const down = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, placeOf(event));
    if (held.size === 1) {
      gestures.begin(event.shiftKey);
      [places, pinched, dragging] = [[placeOf(event)], false, false];
    } else pinched = true;
  };
  const move = (event: PointerEvent) => {
    if (!held.has(event.pointerId)) return;
    const before = [...held.values()];
    held.set(event.pointerId, placeOf(event));
    if (held.size === 2) {
      const [a, b] = [between(before), between([...held.values()])];
      gestures.pinch(b.apart / Math.max(1, a.apart), a.middle, b.middle);
    } else if (held.size === 1 && !pinched) {
      places.push(placeOf(event));
      dragging ||= moved();
      if (dragging) gestures.drag(places);
    }
  };
  const up = (event: PointerEvent) => {
    if (!held.delete(event.pointerId) || held.size > 0) return;
    if (pinched) gestures.dragged([]);
    else if (dragging) gestures.dragged(places);
    else gestures.tap(places[0]!);
  };
  const handlers = { pointerdown: down, pointermove: move, lostpointercapture: up };
  for (const [name, handler] of Object.entries(handlers))
    canvas.addEventListener(name, handler as EventListener);
  return () => {
    for (const [name, handler] of Object.entries(handlers))
      canvas.removeEventListener(name, handler as EventListener);
  };
}

function between([a, b]: readonly Place[]): { readonly middle: Place; readonly apart: number } {
  return {
    middle: [(a![0] + b![0]) / 2, (a![1] + b![1]) / 2],
    apart: Math.hypot(a![0] - b![0], a![1] - b![1]),
  };
}
