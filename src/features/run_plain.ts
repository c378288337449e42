import { untaped } from "../nn/untaped.ts";
import { type Named, type Tensor, type Tensor4D, tf } from "../tf.ts";
import { frozenConv } from "./frozen_conv.ts";
import { MEAN_AND_STD } from "./normalize.ts";
import type { Step } from "./plan.ts";
import type { Normalization } from "./sources/known.ts";

export interface Runner {
  run(images: Tensor4D): Named<Tensor4D>;
  /** The same as constants: each map but those asked for is given back as soon as the next one is there. */
  constants(images: Tensor4D): Named<Tensor4D>;
  dispose(): void;
}

type Op = (x: Tensor4D) => Tensor4D;

/**
 * Runs the steps one after another in tfjs's ops: the reference for any faster way. Normalization is a step
 * of its own and not folded into the first convolution, whose zero padding lies in normalized space.
 */
export function plainRunner(steps: readonly Step[], normalize: Normalization): Runner {
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(item: T): T => {
    owned.push(item);
    return item;
  };
  const toNetwork = normalization(normalize, own);
  const ops = steps.map((step) => ({ take: step.take, op: toOp(step, own) }));
  const run = (images: Tensor4D, hold: boolean) => {
    const maps: Record<string, Tensor4D> = {};
    let x = toNetwork(images);
    let taken = x === images;
    for (const { take, op } of ops) {
      const y = op(x);
      if (!hold && !taken) x.dispose();
      x = y;
      taken = take !== undefined;
      if (take !== undefined) maps[take] = x;
    }
    return maps;
  };
  return {
    run: (images) => tf.tidy(() => run(images, true)),
    constants: (images) => untaped(images, (x) => run(x, false)),
    dispose: () => {
      for (const item of owned) item.dispose();
    },
  };
}

type Own = <T extends { dispose(): void }>(item: T) => T;

/** [B, H, W, 1 or 3] in [0, 1] -> [B, H, W, 3]; one channel becomes three by broadcasting. */
function normalization(mode: Normalization, own: Own): Op {
  if (mode === "none") {
    const ones = own(tf.keep(tf.ones([3])));
    return (x) => (x.shape[3] === 3 ? x : tf.mul(x, ones));
  }
  const [mean, std] = MEAN_AND_STD[mode].map((rgb) => own(tf.keep(tf.tensor1d([...rgb])))) as [
    Tensor,
    Tensor,
  ];
  return (x) => tf.div(tf.sub(x, mean), std);
}

function toOp(step: Step, own: Own): Op {
  switch (step.kind) {
    case "conv":
      return own(frozenConv(step)).apply;
    case "affine": {
      const [scale, shift] = [step.scale, step.shift].map((v) => own(tf.keep(tf.tensor1d(v))) as Tensor);
      return (x) => tf.add(tf.mul(x, scale!), shift!);
    }
    case "relu":
      return (x) => tf.relu(x);
    case "max_pool":
      return (x) =>
        tf.maxPool(step.ceil ? padForCeil(x, step.size, step.stride) : x, step.size, step.stride, "valid");
    case "fire": {
      const squeeze = own(frozenConv(step.squeeze));
      const [one, three] = [own(frozenConv(step.expand[0])), own(frozenConv(step.expand[1]))];
      return (x) => {
        const narrow = squeeze.apply(x);
        return tf.concat([one.apply(narrow), three.apply(narrow)], 3);
      };
    }
  }
}

/** Zeros at the lower right, so that windows that hang over the edge are pooled; exact as x >= 0 after a relu. */
function padForCeil(x: Tensor4D, size: number, stride: number): Tensor4D {
  const [, h, w] = x.shape;
  const missing = (n: number) => Math.max(0, Math.ceil((n - size) / stride) * stride + size - n);
  if (missing(h) === 0 && missing(w) === 0) return x;
  return tf.pad(x, [
    [0, 0],
    [0, missing(h)],
    [0, missing(w)],
    [0, 0],
  ]);
}
