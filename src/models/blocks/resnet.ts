import { conv2d } from "../../nn/conv.ts";
import { groupNorm } from "../../nn/group_norm.ts";
import { linear } from "../../nn/linear.ts";
import { type Layer, type Scope, sequential } from "../../nn/params.ts";
import { silu } from "../../nn/silu.ts";
import { softmax } from "../../nn/softmax.ts";
import { upsampleNearest2x } from "../../nn/upsample.ts";
import { type Tensor3D, type Tensor4D, tf } from "../../tf.ts";

/** Of every group norm in diffusers' autoencoders. */
const EPSILON = 1e-6;

/** What all blocks of a network have alike. */
export interface ResnetOptions {
  /** Groups of each group norm, which divide the channels. */
  readonly norm_num_groups: number;
}

/** Group norm, SiLU and a 3x3 convolution. */
const normConv = (norm: Scope, conv: Scope, inputs: number, outputs: number, o: ResnetOptions): Layer =>
  sequential(
    groupNorm(norm, inputs, o.norm_num_groups, EPSILON),
    silu,
    conv2d(conv, inputs, outputs, { kernel: 3, pad: 1 }),
  );

/** x + two normalized convolutions of it, [B, H, W, inputs] -> [B, H, W, outputs]; x by a 1x1 one where channels differ. */
function resnet(s: Scope, inputs: number, outputs: number, o: ResnetOptions): Layer {
  const body = sequential(
    normConv(s.at("norm1"), s.at("conv1"), inputs, outputs, o),
    normConv(s.at("norm2"), s.at("conv2"), outputs, outputs, o),
  );
  const shortcut =
    inputs === outputs ? undefined : conv2d(s.at("conv_shortcut"), inputs, outputs, { kernel: 1 });
  return (x, pass) => tf.add(shortcut ? shortcut(x, pass) : x, body(x, pass));
}

/** x + attention of each position to all, with one head as wide as the channels. */
function attention(s: Scope, channels: number, o: ResnetOptions): Layer {
  const norm = groupNorm(s.at("group_norm"), channels, o.norm_num_groups, EPSILON);
  const [q, k, v, out] = ["to_q", "to_k", "to_v", "to_out.0"].map((n) => linear(s.at(n), channels, channels));
  return (x, pass) => {
    const [batch, height, width] = x.shape as Tensor4D["shape"];
    const rows = tf.reshape(norm(x, pass), [batch * height * width, channels]);
    const of = (layer: Layer) => tf.reshape(layer(rows, pass), [batch, height * width, channels]) as Tensor3D;
    const scores = tf.mul(tf.matMul(of(q!), of(k!), false, true), channels ** -0.5);
    const seen = tf.matMul(softmax(scores) as Tensor3D, of(v!));
    const made = out!(tf.reshape(seen, [batch * height * width, channels]), pass);
    return tf.add(x, tf.reshape(made, x.shape));
  };
}

/** Half the side, by a convolution that looks one pixel beyond the right and lower edges. */
function downsample(s: Scope, channels: number): Layer {
  const conv = conv2d(s.at("conv"), channels, channels, { kernel: 3, stride: 2 });
  const edges: [number, number][] = [
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 0],
  ];
  return (x, pass) => conv(tf.pad(x, edges), pass);
}

/** Twice the side: nearest up-sampling and a 3x3 convolution. */
function upsample(s: Scope, channels: number): Layer {
  const conv = conv2d(s.at("conv"), channels, channels, { kernel: 3, pad: 1 });
  return (x, pass) => conv(upsampleNearest2x(x), pass);
}

/** The middle: a residual block, attention where `attends`, and a residual block. */
function middle(s: Scope, channels: number, attends: boolean, o: ResnetOptions): Layer {
  const blocks = [0, 1].map((i) => resnet(s.at(`resnets.${i}`), channels, channels, o));
  return sequential(
    blocks[0]!,
    ...(attends ? [attention(s.at("attentions.0"), channels, o)] : []),
    blocks[1]!,
  );
}

export interface ResnetAutoencoderOptions extends ResnetOptions {
  /** Channels at each side, the images' first. */
  readonly block_out_channels: readonly number[];
  /** Residual blocks a side in the encoder; the decoder has one more. */
  readonly layers_per_block: number;
  readonly mid_block_add_attention: boolean;
}

/**
 * The encoder of latent diffusion's autoencoders (Rombach et al., arXiv 2112.10752, appendix G) by diffusers' names: [B, H, W,
 * `inputs`] -> [B, h, w, `outputs`], half the side between any two of `block_out_channels`.
 */
export function resnetEncoder(s: Scope, o: ResnetAutoencoderOptions, inputs: number, outputs: number): Layer {
  const widths = o.block_out_channels;
  const last = widths.at(-1)!;
  const start = conv2d(s.at("conv_in"), inputs, widths[0]!, { kernel: 3, pad: 1 });
  const down = widths.flatMap((width, i) => {
    const at = s.at(`down_blocks.${i}`);
    const blocks = Array.from({ length: o.layers_per_block }, (_, j) =>
      resnet(at.at(`resnets.${j}`), j === 0 ? (widths[i - 1] ?? width) : width, width, o),
    );
    return i === widths.length - 1 ? blocks : [...blocks, downsample(at.at("downsamplers.0"), width)];
  });
  return sequential(
    start,
    ...down,
    middle(s.at("mid_block"), last, o.mid_block_add_attention, o),
    normConv(s.at("conv_norm_out"), s.at("conv_out"), last, outputs, o),
  );
}

/** Its decoder, [B, h, w, `inputs`] -> [B, H, W, `outputs`]. */
export function resnetDecoder(s: Scope, o: ResnetAutoencoderOptions, inputs: number, outputs: number): Layer {
  const widths = [...o.block_out_channels].reverse();
  const first = widths[0]!;
  const start = conv2d(s.at("conv_in"), inputs, first, { kernel: 3, pad: 1 });
  const mid = middle(s.at("mid_block"), first, o.mid_block_add_attention, o);
  const up = widths.flatMap((width, i) => {
    const at = s.at(`up_blocks.${i}`);
    const blocks = Array.from({ length: o.layers_per_block + 1 }, (_, j) =>
      resnet(at.at(`resnets.${j}`), j === 0 ? (widths[i - 1] ?? width) : width, width, o),
    );
    return i === widths.length - 1 ? blocks : [...blocks, upsample(at.at("upsamplers.0"), width)];
  });
  return sequential(
    start,
    mid,
    ...up,
    normConv(s.at("conv_norm_out"), s.at("conv_out"), widths.at(-1)!, outputs, o),
  );
}
