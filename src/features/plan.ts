import { BATCH_NORM_EPSILON, type NetworkTable } from "./layer_table.ts";
import type { SelectedLayer } from "./select_layers.ts";
import type { NetworkWeights } from "./weights.ts";

export interface ConvStep {
  /** [kernel, kernel, in, out]. */
  readonly filter: Float32Array;
  readonly filterShape: readonly [number, number, number, number];
  readonly bias: Float32Array;
  readonly stride: number;
  readonly pad: "same" | "valid";
  /** Zeros to put around the image first: padding that "same" isn't. */
  readonly border: number;
  readonly relu: boolean;
}

/** What to compute, with weights in tfjs's layout; batch norm is folded wherever nobody looks in between. */
export type Step = { readonly take: string | undefined } & (
  | ({ readonly kind: "conv" } & ConvStep)
  | { readonly kind: "affine"; readonly scale: Float32Array; readonly shift: Float32Array }
  | { readonly kind: "relu" }
  | { readonly kind: "max_pool"; readonly size: number; readonly stride: number; readonly ceil: boolean }
  | { readonly kind: "fire"; readonly squeeze: ConvStep; readonly expand: readonly [ConvStep, ConvStep] }
);

/** The steps up to the last layer selected. A step's `take` names the feature map that its output is. */
export function planNetwork(
  { layers }: NetworkTable,
  selected: readonly SelectedLayer[],
  weights: NetworkWeights,
): Step[] {
  const takes = new Map(selected.map((s) => [s.at, s.name]));
  const last = selected.at(-1)!.at;
  const steps: Step[] = [];
  for (let i = 0; i <= last; ) {
    const layer = layers[i]!;
    const first = i++;
    // A layer joins the one before it unless the output in between is asked for.
    const joins = (kind: string) => i <= last && layers[i]?.kind === kind && !takes.has(i - 1);
    const reluJoins = () => joins("relu") && i++ > 0;
    switch (layer.kind) {
      case "conv": {
        const folded = joins("batch_norm") ? affine(weights, i++) : undefined;
        const shape = [layer.outChannels, layer.inChannels, layer.kernel] as const;
        const relu = reluJoins();
        const { stride } = layer;
        const same = stride === 1 && layer.kernel === 2 * layer.pad + 1;
        const geometry = {
          stride,
          pad: same ? "same" : "valid",
          border: same ? 0 : layer.pad,
          relu,
        } as const;
        const conv = convStep(weights, String(first), shape, geometry, folded);
        steps.push({ kind: "conv", ...conv, take: takes.get(i - 1) });
        break;
      }
      case "batch_norm":
        steps.push({ kind: "affine", ...affine(weights, first), take: takes.get(first) });
        break;
      case "relu":
        steps.push({ kind: "relu", take: takes.get(first) });
        break;
      case "max_pool":
        steps.push({ ...layer, take: takes.get(first) });
        break;
      case "fire": {
        const part = (name: string, outChannels: number, inChannels: number, kernel: number) => {
          const geometry = { stride: 1, pad: "same", border: 0, relu: true } as const;
          return convStep(weights, `${first}.${name}`, [outChannels, inChannels, kernel], geometry);
        };
        steps.push({
          kind: "fire",
          squeeze: part("squeeze", layer.squeeze, layer.inChannels, 1),
          expand: [
            part("expand1x1", layer.expand1x1, layer.squeeze, 1),
            part("expand3x3", layer.expand3x3, layer.squeeze, 3),
          ],
          take: takes.get(first),
        });
        break;
      }
    }
  }
  return steps;
}

interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** Batch norm in evaluation mode: y = scale x + shift, scale = weight / sqrt(running_var + eps). */
function affine(weights: NetworkWeights, index: number): Affine {
  const get = (leaf: string) => weights.get(`${index}.${leaf}`)!;
  const [variance, mean, bias] = [get("running_var"), get("running_mean"), get("bias")];
  const scale = Float64Array.from(get("weight"), (w, c) => w / Math.sqrt(variance[c]! + BATCH_NORM_EPSILON));
  const shift = Float32Array.from(bias, (b, c) => b - mean[c]! * scale[c]!);
  return { scale: Float32Array.from(scale), shift };
}

/** A convolution from OIHW weights, followed by `after` where given: scale (w x + b) + shift. */
function convStep(
  weights: NetworkWeights,
  name: string,
  [outChannels, inChannels, kernel]: readonly [number, number, number],
  geometry: Pick<ConvStep, "stride" | "pad" | "border" | "relu">,
  after?: Affine,
): ConvStep {
  const source = weights.get(`${name}.weight`)!;
  const bias = weights.get(`${name}.bias`)!;
  const filter = new Float32Array(source.length);
  const area = kernel * kernel;
  for (let o = 0; o < outChannels; o++) {
    const scale = after ? after.scale[o]! : 1;
    for (let i = 0; i < inChannels; i++) {
      const from = (o * inChannels + i) * area;
      for (let k = 0; k < area; k++)
        filter[(k * inChannels + i) * outChannels + o] = source[from + k]! * scale;
    }
  }
  return {
    filter,
    filterShape: [kernel, kernel, inChannels, outChannels],
    bias: after ? bias.map((b, o) => b * after.scale[o]! + after.shift[o]!) : bias,
    ...geometry,
  };
}
