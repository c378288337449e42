import { UserError } from "../../errors.ts";
import { sideBySide } from "../../explore/posteriors.ts";
import { decoderEps } from "../../models/blocks/options.ts";
import { strideSizes } from "../../models/blocks/sizes.ts";
import { newCtx } from "../../models/ctx.ts";
import { Rng } from "../../rng.ts";
import type { io, LayersModel, SymbolicTensor } from "../../tf.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";
import type { OpenRun } from "./open_trained.ts";

/** Largest difference between the two decoders, images in the model's range. */
const TOLERANCE = 1e-4;

/**
 * The decoder of a run as a layers model of tfjs's own, z [B, D] (several latents one after the other) -> images [B, H, W,
 * C] in the model's range: what `tf.loadLayersModel` of plain tfjs loads. Compared with the run's own decoder before it is
 * returned.
 *
 * @throws UserError for a model whose decoder is not the convolutional one that variants share (`blocks/decoder.ts`)
 */
export function decoderLayers(run: OpenRun): LayersModel {
  const o = optionsOf(run);
  const refuse = (why: string): never => {
    throw new UserError(
      `--format tfjs: expected a model on the project's convolutional decoder, got ${run.model.name}: ${why}. Its weights can be exported by --format safetensors.`,
    );
  };
  const value = (name: string): Tensor => run.vae.params.get(name)?.value ?? refuse(`it has no "${name}"`);
  if (o === undefined) return refuse("its options are others");
  if (run.vae.labels !== undefined) return refuse("its decoder takes labels besides z");
  const [height, width, channels] = run.imageShape;
  const sizes = strideSizes(height, width, o.hidden_dims.length, false);
  const sides = [...sizes].reverse();
  const widths = [...o.hidden_dims].reverse();
  const { layers } = tf;

  const weighted = <L extends { apply(x: SymbolicTensor): unknown; setWeights(w: Tensor[]): void }>(
    layer: L,
    x: SymbolicTensor,
    names: readonly string[],
  ): SymbolicTensor => {
    const y = layer.apply(x) as SymbolicTensor;
    layer.setWeights(names.map(value));
    return y;
  };
  const pair = (name: string) => [`${name}.weight`, `${name}.bias`];
  const zeros = { kernelInitializer: "zeros", biasInitializer: "zeros" } as const;
  const normalized = (x: SymbolicTensor, name: string) => {
    const norm = layers.batchNormalization({ epsilon: decoderEps(o) });
    const statistics = [`${name}.running_mean`, `${name}.running_var`];
    const y = o.batch_norm ? weighted(norm, x, [...pair(name), ...statistics]) : x;
    return layers.leakyReLU({ alpha: o.leaky_slope }).apply(y) as SymbolicTensor;
  };
  const conv = (x: SymbolicTensor, name: string, filters: number, padding: "same" | "valid") =>
    weighted(layers.conv2d({ filters, kernelSize: 3, padding, ...zeros }), x, pair(name));
  /** [B, h, h, in] -> [B, side, side, filters]: the whole transposed convolution, cut on both sides. */
  const up = (x: SymbolicTensor, name: string, filters: number, side: number) => {
    const options = { filters, kernelSize: 3, strides: 2, padding: "valid", ...zeros } as const;
    const whole = weighted(layers.conv2dTranspose(options), x, pair(`${name}.0`));
    const after = whole.shape[1]! - 1 - side;
    const crop = { cropping: [[1, after] as [number, number], [1, after] as [number, number]] } as const;
    return normalized(
      layers
        .cropping2D(crop as unknown as Parameters<typeof layers.cropping2D>[0])
        .apply(whole) as SymbolicTensor,
      `${name}.1`,
    );
  };
  const transposed = (x: SymbolicTensor) => {
    const last = widths.at(-1)!;
    const grown = widths.slice(1).reduce((h, w, i) => up(h, `decoder.${i}`, w, sides[i + 1]!), x);
    const final = o.batch_norm ? "final_layer.3" : "final_layer.2";
    return conv(up(grown, "final_layer", last, sides.at(-1)!), final, channels, "same");
  };
  const upsampled = (x: SymbolicTensor) =>
    [...widths.slice(1), channels].reduce((h, filters, i, all) => {
      const large = layers.upSampling2d({ size: [2, 2] }).apply(h) as SymbolicTensor;
      const y = conv(replicated(large), `decoder.${i}.0`, filters, "valid");
      return i === all.length - 1 ? y : normalized(y, `decoder.${i}.1`);
    }, x);

  const [first, side] = [widths[0]!, sides[0]!];
  const dense = layers.dense({ units: first * side * side, ...zeros });
  const name = run.vae.params.has("decoder_input.0.weight") ? "decoder_input.0" : "decoder_input";
  const input = tf.input({ shape: [value(`${name}.weight`).shape[0]!], name: "z" });
  const flat = weighted(dense, input, pair(name));
  const planes = layers.reshape({ targetShape: [first, side, side] }).apply(flat) as SymbolicTensor;
  const start = layers.permute({ dims: [2, 3, 1] }).apply(planes) as SymbolicTensor;
  const logits = (o.decoder === "transposed" ? transposed : upsampled)(start);
  const activation = ({ sigmoid: "sigmoid", linear: "linear", tanh: "tanh", pytorch_vae: "tanh" } as const)[
    o.output
  ];
  const images = layers.activation({ activation, name: "images" }).apply(logits) as SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: images, name: "decoder" });
  const difference = compare(run, model);
  if (!(difference <= TOLERANCE))
    refuse(`its decoder computes something else (they differ by ${difference})`);
  return model;
}

interface DecoderOptions {
  readonly hidden_dims: readonly number[];
  readonly decoder: "transposed" | "upsample";
  readonly output: "sigmoid" | "tanh" | "linear" | "pytorch_vae";
  readonly leaky_slope: number;
  readonly batch_norm: boolean;
  readonly batch_norm_eps: number;
  readonly decoder_batch_norm_eps?: number;
}

function optionsOf({ config }: OpenRun): DecoderOptions | undefined {
  const o = config.model_params as Partial<DecoderOptions>;
  const complete = o.hidden_dims && o.decoder && o.output && o.leaky_slope !== undefined;
  const norm = o.batch_norm !== undefined && o.batch_norm_eps !== undefined;
  return complete && norm ? (o as DecoderOptions) : undefined;
}

/** The border repeated once on each side: no layer of Keras pads so, but crops and concatenations do. */
function replicated(x: SymbolicTensor): SymbolicTensor {
  const widen = (t: SymbolicTensor, axis: 1 | 2): SymbolicTensor => {
    const edge = (before: number, after: number) => {
      const cut = [before, after] as [number, number];
      const none = [0, 0] as [number, number];
      const cropping = axis === 1 ? [cut, none] : [none, cut];
      const layer = tf.layers.cropping2D({ cropping: cropping as [[number, number], [number, number]] });
      return layer.apply(t) as SymbolicTensor;
    };
    const rest = t.shape[axis]! - 1;
    return tf.layers.concatenate({ axis }).apply([edge(0, rest), t, edge(rest, 0)]) as SymbolicTensor;
  };
  return widen(widen(x, 1), 2);
}

/** Largest difference of the two decoders over z of two images of noise. */
function compare(run: OpenRun, model: LayersModel): number {
  return tf.tidy(() => {
    const rng = Rng.fromSeed(0).fold("export");
    const ctx = newCtx({ training: false, rng });
    const { z } = run.vae.encode(rng.uniform<Tensor4D>([2, ...run.imageShape]), ctx);
    const own = run.vae.decode(z, ctx);
    return tf
      .max(tf.abs(tf.sub(own, model.predict(sideBySide(Object.values(z))) as Tensor4D)))
      .dataSync()[0]!;
  });
}

/** The two files of a layers model: `model.json` and `weights.bin`, as tfjs's own converter writes them. */
export async function layersModelFiles(
  model: LayersModel,
  about: Readonly<Record<string, unknown>>,
): Promise<Record<string, string | Uint8Array>> {
  let artifacts: io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (found) => {
    artifacts = found;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await model.save(handler);
  const { modelTopology, weightSpecs, weightData, format, generatedBy } = artifacts!;
  const json = {
    format,
    generatedBy,
    convertedBy: "tfjs-vae",
    userDefinedMetadata: about,
    modelTopology,
    weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
  };
  return { "model.json": JSON.stringify(json), "weights.bin": new Uint8Array(weightData as ArrayBuffer) };
}
