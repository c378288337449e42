import { createRequire } from "node:module";
import type * as Tfjs from "@tensorflow/tfjs";

export type * from "@tensorflow/tfjs";

/** By name; of latents `{ z }`, and where they are hierarchical, top first: `{ z2, z1 }`. */
export type Named<T> = Readonly<Record<string, T>>;

const require = createRequire(import.meta.url);
let loaded: typeof Tfjs | undefined;

function load(): typeof Tfjs {
  loaded ??= require("@tensorflow/tfjs") as typeof Tfjs;
  return loaded;
}

/**
 * The one door to tfjs, which is loaded at the first use and not at import: reading the registries, as
 * `vae validate` does, must not wait for it. `@tensorflow/tfjs` (not tfjs-core) because it registers the
 * gradients. Use functional ops (`tf.add(a, b)`), not chained methods; import types by name.
 */
export const tf: typeof Tfjs = new Proxy({} as typeof Tfjs, {
  get: (_, key) => Reflect.get(load(), key),
  has: (_, key) => Reflect.has(load(), key),
  ownKeys: () => Reflect.ownKeys(load()),
  getOwnPropertyDescriptor: (_, key) => {
    const found = Reflect.getOwnPropertyDescriptor(load(), key);
    return found && { ...found, configurable: true };
  },
});
