import { type Static, Type } from "typebox";
import { type Param, Scope } from "../nn/params.ts";
import { Rng } from "../rng.ts";
import { type Scalar, type Tensor1D, type Tensor2D, tf } from "../tf.ts";
import { defineDensity } from "./define.ts";
import { maskedAutoregressiveFlow } from "./masked_autoregressive.ts";
import { disposeParams, eachRow, minimize, notesOf, restore, stateOf, TrainOptions } from "./minimize.ts";
import { type Scaling, scalingFrom, scalingTo } from "./scaling.ts";

const Options = Type.Object({
  blocks: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 5,
    description: "autoregressive maps, one after the other",
  }),
  layers: Type.Integer({ minimum: 1, maximum: 16, default: 2, description: "hidden layers of a network" }),
  width: Type.Integer({ minimum: 1, maximum: 8192, default: 128, description: "units of a hidden layer" }),
  ...TrainOptions,
});

/** A masked autoregressive flow (arXiv 1705.07057) of z with each dimension scaled to mean 0 and variance 1. */
export default defineDensity({
  name: "flow",
  knownAs: ["maf", "normalizing_flow", "MAFSampler"],
  summary: "a masked autoregressive flow",
  options: Options,
  maxDims: 1024,
  async fit(codes, heldOut, options, args) {
    const net = build(codes.dims, options, args.rng.fold("weights"), scalingTo(codes));
    try {
      const nats = (z: Tensor2D) => tf.neg(tf.mean(net.logProb(z))) as Scalar;
      const { epoch } = await minimize(net.params, nats, codes, heldOut, options, args);
      const state = new Map([...net.scale.state, ...stateOf(net.params)]);
      return { state, numbers: { epochs: epoch }, notes: notesOf(epoch) };
    } finally {
      net.dispose();
    }
  },
  open(state, dims, options) {
    const net = build(dims, options, Rng.fromSeed(0), scalingFrom(state));
    restore(net.params, state);
    return {
      sample: (count, rng) => tf.tidy(() => net.inverse(rng.normal<Tensor2D>([count, dims]))),
      logProb: (z) => eachRow(z, dims, net.logProb),
      dispose: net.dispose,
    };
  },
});

/** The flow, z scaled before it. */
function build(dims: number, o: Static<typeof Options>, rng: Rng, scale: Scaling) {
  const params = new Map<string, Param>();
  const flow = maskedAutoregressiveFlow(new Scope(params, rng, "pytorch", "flow"), dims, o);
  const constants = scale.logDet - (dims / 2) * Math.log(2 * Math.PI);
  return {
    params,
    scale,
    /** [B], in nats. */
    logProb(z: Tensor2D): Tensor1D {
      const { u, logDet } = flow.forward(scale.apply(z));
      return tf.add(tf.add(tf.mul(-0.5, tf.sum(tf.square(u), 1)), logDet), constants);
    },
    inverse: (u: Tensor2D): Tensor2D => scale.undo(flow.inverse(u)),
    dispose() {
      disposeParams(params);
      flow.dispose();
      scale.dispose();
    },
  };
}
