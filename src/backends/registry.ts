import { cpu } from "./cpu.ts";
import type { AutoTerms, BackendDefinition } from "./define.ts";
import { tensorflow } from "./tensorflow/definition.ts";
import { wasm } from "./wasm/definition.ts";
import { xla } from "./xla/definition.ts";

/** All backends; `auto` takes the first that is there, where nothing is measured. */
const definitions = [xla, tensorflow, wasm, cpu] as const;

export type BackendName = "auto" | (typeof definitions)[number]["name"];

export const backends: readonly BackendDefinition[] = definitions;

/** A backend that `auto` may take. */
export type AutoBackend = BackendDefinition & { readonly auto: AutoTerms };

/** The backends that `auto` may take. */
export const autoBackends: readonly AutoBackend[] = backends.filter(
  (backend): backend is AutoBackend => backend.auto !== undefined,
);

/** What `--backend` takes, `auto` first. */
export const backendNames = [
  "auto",
  ...backends.flatMap(({ name, devices = [] }) => [name, ...devices.map((device) => `${name}:${device}`)]),
] as readonly BackendName[];

/** The backend of that name. */
export const backendNamed = (name: string): BackendDefinition | undefined =>
  backends.find((backend) => backend.name === name);
