import { type Tensor, tf } from "../../../tf.ts";
import type { AdamUpdate } from "../../adam.ts";
import type { WasmBackend } from "../backend.ts";
import { GRAIN } from "./unary.ts";

/** Adam in one pass over parameter and moments, in place unless someone else holds the same values. */
export const adamUpdate: AdamUpdate = (variables, grad, { beta1, beta2, rate, epsilon }) => {
  const backend = tf.backend() as WasmBackend;
  const held = [variables.p, variables.m, variables.v];
  for (const x of held) {
    if (backend.refCount(x.dataId) > 1) tf.tidy(() => x.assign(tf.add(x, 0)));
  }
  const number = (x: Tensor) => backend.data.get(x.dataId).values[0]!;
  const [p, m, v] = held.map((x) => backend.at(x)) as [number, number, number];
  const constants = [beta1, 1 - beta1, beta2, 1 - beta2, number(rate), number(epsilon)];
  backend.pool.run("adam", [p, backend.at(grad), m, v, ...constants], variables.p.size, GRAIN);
  for (const x of held) backend.data.get(x.dataId).changed();
};
