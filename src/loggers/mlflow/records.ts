import type { JsonNumber } from "../json_numbers.ts";

/** One thing to send, a line of the outbox. `time`: milliseconds since 1970. */
export type MlflowRecord =
  | MetricsRecord
  | { readonly kind: "params"; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: "tag"; readonly key: string; readonly value: string }
  /** `file`, in the outbox's folder, becomes the artifact `path`. */
  | {
      readonly kind: "artifact";
      readonly path: string;
      readonly file: string;
      readonly step: number;
      readonly epoch: number;
    }
  | { readonly kind: "status"; readonly status: "RUNNING" | "FINISHED" | "KILLED"; readonly time: number };

export interface MetricsRecord {
  readonly kind: "metrics";
  readonly step: number;
  readonly epoch: number;
  readonly time: number;
  readonly values: Readonly<Record<string, JsonNumber>>;
}
