import { conv2d } from "../../nn/conv.ts";
import { groupNorm } from "../../nn/group_norm.ts";
import { type Layer, type Scope, sequential } from "../../nn/params.ts";
import { upsampleNearest2x } from "../../nn/upsample.ts";
import { tf } from "../../tf.ts";

export interface TinyOptions {
  readonly block_out_channels: number;
  /** Blocks at each side, the images' first. */
  readonly num_encoder_blocks: readonly number[];
  /** Blocks at each side, the images' last. */
  readonly num_decoder_blocks: readonly number[];
  /** Blocks at the smallest side first add a normalized pair of 1x1 convolutions to what they get. */
  readonly mid_pool: boolean;
}

/** Groups of the pool branch's group norm, its widening, and its epsilon, torch's own. */
const [POOL_GROUPS, POOL_WIDER, POOL_EPSILON] = [4, 4, 1e-5];

const conv3 = (s: Scope, inputs: number, outputs: number, bias = true, stride = 1): Layer =>
  conv2d(s, inputs, outputs, { kernel: 3, pad: 1, bias, stride });

/** relu(three convolutions of x + x); with `pool` x first gets the branch of 1x1 convolutions added. */
function block(s: Scope, width: number, pool: boolean): Layer {
  const body = sequential(
    conv3(s.at("conv.0"), width, width),
    tf.relu,
    conv3(s.at("conv.2"), width, width),
    tf.relu,
    conv3(s.at("conv.4"), width, width),
  );
  const residual: Layer = (x, pass) => tf.relu(tf.add(body(x, pass), x));
  if (!pool) return residual;
  const wide = POOL_WIDER * width;
  const branch = sequential(
    conv2d(s.at("pool.0"), width, wide, { kernel: 1, bias: false }),
    groupNorm(s.at("pool.1"), wide, POOL_GROUPS, POOL_EPSILON),
    tf.relu,
    conv2d(s.at("pool.3"), wide, width, { kernel: 1, bias: false }),
  );
  return (x, pass) => residual(tf.add(x, branch(x, pass)), pass);
}

/** TAESD's encoder, [B, H, W, `inputs`] -> [B, h, w, `outputs`], in the order of its list of layers. */
export function tinyEncoder(s: Scope, o: TinyOptions, inputs: number, outputs: number): Layer {
  const width = o.block_out_channels;
  const sides = o.num_encoder_blocks;
  let place = 0;
  const next = () => s.at(`layers.${place++}`);
  const layers = sides.flatMap((count, i) => {
    const start = i === 0 ? conv3(next(), inputs, width) : conv3(next(), width, width, false, 2);
    const pool = o.mid_pool && i === sides.length - 1;
    return [start, ...Array.from({ length: count }, () => block(next(), width, pool))];
  });
  return sequential(...layers, conv3(next(), width, outputs));
}

/** TAESD's decoder, [B, h, w, `inputs`] -> [B, H, W, `outputs`], likewise. */
export function tinyDecoder(s: Scope, o: TinyOptions, inputs: number, outputs: number): Layer {
  const width = o.block_out_channels;
  const sides = o.num_decoder_blocks;
  let place = 0;
  const next = () => s.at(`layers.${place++}`);
  const start = conv3(next(), inputs, width);
  place++; // of the ReLU
  const layers = sides.flatMap((count, i) => {
    const blocks = Array.from({ length: count }, () => block(next(), width, o.mid_pool && i === 0));
    if (i === sides.length - 1) return [...blocks, conv3(next(), width, outputs)];
    place++; // of the up-sampling
    return [...blocks, upsampleNearest2x as Layer, conv3(next(), width, width, false)];
  });
  return sequential(start, tf.relu, ...layers);
}
