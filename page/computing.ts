import { signal } from "@preact/signals";
import { findGpu } from "../src/backends/webgpu/gpu.ts";
import type { BackendChoice, Measured } from "../src/browser/choose_backend.ts";
import { kept } from "./kept.ts";

/** What computes the models of this page. */
export const choice = kept<BackendChoice>("backend", "auto");

/** What `auto` has measured; see `BackendOptions`. */
export const measured = kept<readonly (readonly [string, Measured])[]>("measured", []);

/** What the browser offers for WebGPU. */
export const gpu = findGpu();

/** Whether it offers something; undefined until that is known. */
export const hasGpu = signal<boolean | undefined>(undefined);
void gpu.then((found) => {
  hasGpu.value = found !== undefined;
});

/** Keeps what a worker has measured, the last 50. */
export function keepMeasured(times: ReadonlyMap<string, Measured>): void {
  measured.value = [...new Map([...measured.value, ...times])].slice(-50);
}
