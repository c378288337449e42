/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** missing: no training without it; note: training works, but something is worth doing. */
  readonly state: "ok" | "note" | "missing";
  readonly text: string;
  /** What to do, or to type. */
  readonly remedy?: string;
}

export const ok = (name: string, text: string): Check => ({ name, state: "ok", text });
export const note = (name: string, text: string, remedy: string): Check => ({
  name,
  state: "note",
  text,
  remedy,
});
export const missing = (name: string, text: string, remedy: string): Check => ({
  name,
  state: "missing",
  text,
  remedy,
});

/**
 * Of two backends one is enough: what is missing of one is but a note where the other trains, as `--backend auto` takes
 * it.
 *
 * @param wasm the first says whether it computes
 * @param tensorflow `training` says whether it computes
 */
export function eitherTrains(wasm: readonly Check[], tensorflow: readonly Check[]): Check[] {
  const wasmTrains = wasm[0]?.state === "ok";
  const tensorflowTrains = tensorflow.some((c) => c.name === "training" && c.state === "ok");
  const softened = (checks: readonly Check[], other: string | undefined) =>
    checks.map(
      (c): Check =>
        c.state === "missing" && other !== undefined
          ? { ...c, state: "note", text: `${c.text.replace(/\.$/, "")}; ${other} trains` }
          : c,
    );
  return [
    ...softened(wasm, tensorflowTrains ? "tensorflow" : undefined),
    ...softened(tensorflow, wasmTrains ? "wasm" : undefined),
  ];
}
