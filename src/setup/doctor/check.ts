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
