import { type XlaPlatform, xlaPlatforms } from "./xla/plugins/platforms.ts";

export type BackendName = "auto" | "tensorflow" | "wasm" | "cpu" | "xla" | `xla:${XlaPlatform}`;

/** What `--backend` takes of every command. */
export const backendNames: readonly BackendName[] = [
  "auto",
  "tensorflow",
  "wasm",
  "cpu",
  "xla",
  ...xlaPlatforms.map((platform) => `xla:${platform}` as const),
];
