import type { Phase, VAE } from "../../models/vae.ts";
import { type Scalar, type Tensor, tf, type Variable } from "../../tf.ts";
import { noGradient } from "./plugin_model.ts";

/** The loss of a phase, and its gradients to the parameters that the phase owns, by their names. */
export function phaseGradients(vae: VAE, phase: Phase, lossOf: () => Tensor) {
  const owned = new Map<string, Variable>();
  for (const [name, p] of vae.params) if (p.trainable && phase.owns(name)) owned.set(name, p.value);
  const { value, grads } = variableGrads(vae, phase.name, lossOf, owned);
  return { value, named: new Map([...owned].map(([name, v]) => [name, grads[v.name]!] as const)) };
}

/** @throws ConfigError where a plugin's loss leaves a parameter out */
function variableGrads(
  vae: VAE,
  phase: string,
  lossOf: () => Tensor,
  owned: ReadonlyMap<string, Variable>,
): ReturnType<typeof tf.variableGrads> {
  let found: ReturnType<typeof tf.variableGrads>;
  try {
    found = tf.variableGrads(lossOf as () => Scalar, [...owned.values()]);
  } catch (error) {
    if (!/Cannot find a connection/.test((error as Error).message)) throw error;
    throw noGradient(vae, phase, [...owned.keys()]);
  }
  const without = [...owned].flatMap(([name, { name: key }]) => (found.grads[key] ? [] : [name]));
  if (without.length > 0) throw noGradient(vae, phase, without);
  return found;
}
