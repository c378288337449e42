import { UserError } from "../../errors.ts";
import { exploring } from "../../explore/latents.ts";
import { placeOf } from "../../explore/posteriors.ts";
import { still } from "../../explore/tempered_rng.ts";
import type { Posterior } from "../../models/vae.ts";
import { type GraphTensor, traceOnnx } from "../../onnx/trace.ts";
import { Unexportable } from "../../onnx/unexportable.ts";
import { ownVersion } from "../../process/own_version.ts";
import { Rng } from "../../rng.ts";
import { type Named, type Tensor, type Tensor4D, tf } from "../../tf.ts";
import type { OpenRun } from "./open_trained.ts";

/** The two files of a model: what each image is, and what each z is. */
export interface OnnxFiles {
  readonly "encoder.onnx": Uint8Array;
  readonly "decoder.onnx": Uint8Array;
}

type Trained = Pick<OpenRun, "vae" | "model" | "imageShape" | "imageRange" | "state">;

/**
 * A run's encoder and decoder as ONNX, of any model whose ops have a form there. Images are float32 [N, C, H, W] in [0, 1],
 * as onnxruntime-web makes tensors of pictures; what brings them to the range that the model was trained in is part of the
 * graphs. The encoder gives of each latent what the decoder takes (the posterior's mean, of categorical variables the mode,
 * of codes their vectors), by its name, and the posterior's other parameters. So one after the other they are
 * `VAE.reconstruct`.
 *
 * @throws UserError where the model does something that has no form in ONNX here
 */
export function onnxFiles(run: Trained): OnnxFiles {
  const { vae, model, state, imageShape, imageRange } = run;
  const [low, high] = imageRange;
  const isUnit = low === 0 && high === 1;
  const rng = Rng.fromSeed(0);
  const labels = vae.labels?.all.map(({ name }) => name);
  const context = (labelled: Tensor | undefined) => still(exploring(rng, labelled));
  const { latents, kinds } = latentsOf(run);

  const images: GraphTensor = { shape: imageShape, doc: "pixels in [0, 1]" };
  const condition: Named<GraphTensor> = labels
    ? { labels: { shape: [labels.length], doc: `numbers of the labels' values: ${labels.join(", ")}` } }
    : {};
  const common = {
    version: ownVersion(),
    weights: new Map([...vae.params].map(([name, { value }]) => [name, value as Tensor] as const)),
    metadata: {
      model: model.name,
      step: String(state.step),
      ...(labels && { labels: JSON.stringify(labels) }),
    },
  };
  const toModel = (x: Tensor) => (isUnit ? x : tf.add(tf.mul(x, high - low), low)) as Tensor4D;
  const toPixels = (x: Tensor) =>
    tf.clipByValue(isUnit ? x : tf.div(tf.sub(x, low), high - low), 0, 1) as Tensor4D;
  try {
    return {
      "encoder.onnx": traceOnnx({
        ...common,
        name: `${model.name}_encoder`,
        doc: `encoder of ${model.name}: images [N, C, H, W] in [0, 1] to the posterior of their latents`,
        inputs: { images, ...condition },
        docs: Object.assign({}, ...Object.entries(kinds).map(([name, kind]) => docsOf(name, kind))),
        body(given) {
          const { posterior, z } = vae.encode(toModel(given.images!), context(given.labels));
          return Object.assign(
            {},
            ...Object.keys(z).map((name) => outputsOf(name, posterior[name]!, z[name]!)),
          );
        },
      }),
      "decoder.onnx": traceOnnx({
        ...common,
        name: `${model.name}_decoder`,
        doc: `decoder of ${model.name}: latents to images [N, C, H, W] in [0, 1]`,
        inputs: { ...latents, ...condition },
        docs: { images: "pixels in [0, 1]" },
        body: ({ labels: labelled, ...z }) => ({ images: toPixels(vae.decode(z, context(labelled))) }),
      }),
    };
  } catch (error) {
    if (!(error instanceof Unexportable)) throw error;
    throw new UserError(
      `--format onnx: expected a model whose ops ONNX has, got ${model.name}: ${error.message}. Its weights can be exported by --format safetensors.`,
    );
  }
}

/** What the encoder gives of a latent. */
function outputsOf(name: string, q: Posterior, z: Tensor): Record<string, Tensor> {
  const place = { [name]: placeOf(q, z) };
  switch (q.kind) {
    case "gaussian":
      return { ...place, [`${name}_log_var`]: q.logVar };
    case "gamma":
      return { ...place, [`${name}_shape`]: q.shape, [`${name}_rate`]: q.rate };
    case "categorical":
      return { ...place, [`${name}_logits`]: q.logits };
    case "codes":
      return { ...place, [`${name}_indices`]: q.indices };
    case "point":
      return place;
  }
}

const docsOf = (name: string, kind: Posterior["kind"]): Record<string, string> =>
  ({
    gaussian: { [name]: "mean of q(z | x)", [`${name}_log_var`]: "log of its variance" },
    gamma: { [name]: "mean of q(z | x)", [`${name}_shape`]: "its shape", [`${name}_rate`]: "its rate" },
    categorical: {
      [name]: "most probable values, one-hot",
      [`${name}_logits`]: "log-probabilities but for a constant",
    },
    codes: { [name]: "vectors of the codebook", [`${name}_indices`]: "their numbers in it" },
    point: { [name]: "z" },
  })[kind];

/** The latents of the model, by an image that is black. */
function latentsOf({ vae, imageShape }: Trained) {
  let kinds: Record<string, Posterior["kind"]> = {};
  let latents: Named<GraphTensor> = {};
  tf.tidy(() => {
    const labels = vae.labels && tf.zeros([1, vae.labels.all.length]);
    const { z, posterior } = vae.encode(
      tf.zeros([1, ...imageShape]),
      still(exploring(Rng.fromSeed(0), labels)),
    );
    const shapes = Object.entries(z).map(([name, t]) => [name, { shape: t.shape.slice(1) }] as const);
    latents = Object.fromEntries(shapes);
    kinds = Object.fromEntries(Object.keys(z).map((name) => [name, posterior[name]!.kind]));
  });
  return { latents, kinds };
}
