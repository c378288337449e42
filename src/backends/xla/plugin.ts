import { existsSync } from "node:fs";
import { EngineError } from "../../errors.ts";
import type { NamedValues } from "./pjrt/index.ts";

export const xlaPlatforms = ["cuda", "rocm", "tpu", "cpu"] as const;
export type XlaPlatform = (typeof xlaPlatforms)[number];

export interface Plugin {
  readonly platform: XlaPlatform;
  /** Its library. */
  readonly file: string;
}

/** Options of each plugin's client, which several check by name. Memory is taken as it is needed. */
export const CLIENT_OPTIONS: Readonly<Record<XlaPlatform, NamedValues>> = {
  cuda: { platform_name: "cuda", allocator: "default", preallocate: false },
  rocm: { platform_name: "rocm", allocator: "default", preallocate: false },
  tpu: {},
  cpu: {},
};

/** The environment variable that names a platform's plugin. */
export const variableOf = (platform: XlaPlatform): string => `TFJS_VAE_XLA_${platform.toUpperCase()}`;

/** The plugin of a platform, or the first there is, accelerators before the CPU. */
export function findPlugin(platform?: XlaPlatform): Plugin | undefined {
  for (const candidate of platform === undefined ? xlaPlatforms : [platform]) {
    const file = process.env[variableOf(candidate)];
    if (file && existsSync(file)) return { platform: candidate, file };
  }
  return undefined;
}

/** @throws EngineError where there is none */
export function pluginFor(platform?: XlaPlatform): Plugin {
  const found = findPlugin(platform);
  if (found !== undefined) return found;
  const names = (platform === undefined ? xlaPlatforms : [platform]).map(variableOf).join(", ");
  throw new EngineError(
    `--backend xla${platform ? `:${platform}` : ""}: no PJRT plugin is there. Name its library in ${names}, or use --backend wasm, which needs nothing.`,
  );
}
