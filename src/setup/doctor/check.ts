/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** missing: no training without it; note: training works, but something is worth doing. */
  readonly state: "ok" | "note" | "missing";
  readonly text: string;
  /** What to do, or to type. */
  readonly remedy?: string;
  /** The backend that was seen to compute, where `--backend auto` takes it. */
  readonly trains?: string;
}

export const ok = (name: string, text: string): Check => ({ name, state: "ok", text });
/** `backend` was seen to compute, and `--backend auto` takes it. */
export const computes = (name: string, text: string, backend: string): Check => ({
  ...ok(name, text),
  trains: backend,
});
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

/** Of several backends one is enough: what is missing of one is but a note where another one trains. */
export function oneTrains(...backends: (readonly Check[])[]): Check[] {
  const training = backends.map((checks) => checks.find((c) => c.trains !== undefined)?.trains);
  return backends.flatMap((checks, i) => {
    const other = training.find((name, k) => k !== i && name !== undefined);
    return checks.map(
      (c): Check =>
        c.state === "missing" && other !== undefined
          ? { ...c, state: "note", text: `${c.text.replace(/\.$/, "")}; ${other} trains` }
          : c,
    );
  });
}
