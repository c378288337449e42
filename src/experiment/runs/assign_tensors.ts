import { CheckpointError } from "../../errors.ts";
import type { Safetensors } from "../../formats/safetensors.ts";
import type { VAE } from "../../models/vae.ts";
import { tf, type Variable } from "../../tf.ts";

type Tensors = Safetensors["tensors"];

/** Variables and the names of their values in a checkpoint. */
export type Wanted = readonly (readonly [name: string, variable: Variable])[];

/** A model's parameters and where they come from where it is not trained on: averaged weights, where there are such. */
export const inUse = (vae: VAE, tensors: Tensors): Wanted =>
  [...vae.params].map(([name, { value }]) => [
    tensors.has(`ema.${name}`) ? `ema.${name}` : `model.${name}`,
    value,
  ]);

/** Gives variables the values that a checkpoint has for them. @throws CheckpointError where shapes differ, listing them */
export function assignTensors(file: string, wanted: Wanted, tensors: Tensors): void {
  const wrong = wanted.flatMap(([name, v]) => {
    const got = tensors.get(name)?.shape;
    return String(got) === String(v.shape)
      ? []
      : [`${name}: expected [${v.shape}], got ${got ? `[${got}]` : "none"}`];
  });
  if (wrong.length > 0) {
    const shown = wrong.slice(0, 5).join("\n  ");
    throw new CheckpointError(
      `${file}: ${wrong.length} tensors don't fit the model of the config (other latent_dim, hidden_dims, patch_size ` +
        `or optimizer?). Use the run's own config.yaml.\n  ${shown}${wrong.length > 5 ? "\n  …" : ""}`,
    );
  }
  for (const [name, v] of wanted) {
    const { data, shape } = tensors.get(name)!;
    tf.tidy(() => v.assign(tf.tensor(data as Float32Array, [...shape], "float32")));
  }
}
