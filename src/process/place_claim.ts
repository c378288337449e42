/** What one source says of a place. */
export interface Claim {
  /** For messages. */
  readonly from: string;
  readonly rank?: number | undefined;
  readonly size?: number | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** A port for what has this name, below those that systems give out by themselves. */
export function basePort(name: string): number {
  let hash = 7;
  for (const ch of name) hash = (hash * 31 + ch.codePointAt(0)!) % 1_000_003;
  return 12_000 + (hash % 1500) * 12;
}
