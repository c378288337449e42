import type { VAE } from "./vae.ts";

/** Frees a model: what it holds and its parameters. */
export function disposeModel(vae: VAE): void {
  vae.dispose?.();
  for (const { value } of vae.params.values()) value.dispose();
}
