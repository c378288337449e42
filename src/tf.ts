import { createRequire } from "node:module";
import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { addTensorMethods } from "./tensor_methods.ts";

export type * from "@tensorflow/tfjs-core";
export type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
export type * from "@tensorflow/tfjs-layers";

/** By name; of latents `{ z }`, and where they are hierarchical, top first: `{ z2, z1 }`. */
export type Named<T> = Readonly<Record<string, T>>;

type Tfjs = typeof Core & typeof Layers;

const require = createRequire(import.meta.url);
let loaded: Tfjs | undefined;
const waiting: (() => void)[] = [];

function load(): Tfjs {
  if (loaded !== undefined) return loaded;
  const core = require("@tensorflow/tfjs-core") as typeof Core;
  addTensorMethods(core);
  // Loading the layers registers the gradients, which tfjs-core has only in modules that no Node loads.
  const layers = require("@tensorflow/tfjs-layers") as typeof Layers;
  require("@tensorflow/tfjs-backend-cpu");
  loaded = { ...core, ...layers } as Tfjs;
  for (const act of waiting) act();
  return loaded;
}

/** Does it when tfjs is loaded, before any op runs: now, where it is. */
export function whenLoaded(act: () => void): void {
  if (loaded === undefined) waiting.push(act);
  else act();
}

/**
 * The one door to tfjs, its ops and its layers, which is loaded at the first use and not at import: reading the
 * registries, as `vae validate` does, must not wait for it. Use functional ops (`tf.add(a, b)`), not chained methods;
 * import types by name.
 */
export const tf: Tfjs = new Proxy({} as Tfjs, {
  get: (_, key) => Reflect.get(load(), key),
  has: (_, key) => Reflect.has(load(), key),
  ownKeys: () => Reflect.ownKeys(load()),
  getOwnPropertyDescriptor: (_, key) => {
    const found = Reflect.getOwnPropertyDescriptor(load(), key);
    return found && { ...found, configurable: true };
  },
});
