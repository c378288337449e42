import { ShapeError } from "../errors.ts";
import type { Rng } from "../rng.ts";
import { type Tensor, tf, type Variable } from "../tf.ts";
import type { WeightInit } from "./init.ts";

/** 2 GiB; training takes four times as much. A dimension with zeros too many would else end in a crash. */
const MAX_NUMBERS = 2 ** 29;

/** Where PyTorch's layout of a weight differs from ours; `same` for vectors, "OI" for dense layers. */
export type TorchLayout = "same" | "OIHW" | "IOHW" | "OI";

export interface Param {
  readonly value: Variable;
  /** False: a running statistic or an EMA codebook, which no optimizer touches. */
  readonly trainable: boolean;
  /** Neither trained nor running: `VAE.fitPrior` sets it. PyTorch-VAE's checkpoints have none of it. */
  readonly fitted?: boolean;
  readonly torchLayout: TorchLayout;
}

/**
 * What a forward pass carries through the layers: whether batch norm uses the batch's statistics, and where
 * it puts the next values of its running ones (by parameter name).
 */
export interface Pass {
  readonly training: boolean;
  readonly updates: Record<string, Tensor>;
}

/** A pass for a call; its `updates` are empty and belong to the caller. */
export function newPass(training: boolean): Pass {
  return { training, updates: {} };
}

/** A layer over parameters that its factory declared. */
export type Layer = (x: Tensor, pass: Pass) => Tensor;

/**
 * A place in a model's tree of parameters. Names are PyTorch's state_dict keys, and the order of declaration
 * is theirs. Initial values come from a stream folded with the full name, so that adding a layer doesn't
 * change the others' weights.
 */
export class Scope {
  constructor(
    readonly params: Map<string, Param>,
    private readonly rng: Rng,
    readonly init: WeightInit,
    readonly prefix = "",
  ) {}

  /** The scope `prefix.name`. */
  at(name: string): Scope {
    return new Scope(this.params, this.rng, this.init, this.name(name));
  }

  /** This place, for parameters that begin with other values. */
  with(init: WeightInit): Scope {
    return new Scope(this.params, this.rng, init, this.prefix);
  }

  /** The full name of `leaf` here. */
  name(leaf: string): string {
    return this.prefix === "" ? leaf : `${this.prefix}.${leaf}`;
  }

  /** Declares a parameter; `values` draws its initial values in our layout. */
  declare(
    leaf: string,
    shape: number[],
    values: (rng: Rng, count: number) => Float32Array,
    options: { trainable?: boolean; fitted?: boolean; torchLayout?: TorchLayout } = {},
  ): Param {
    const name = this.name(leaf);
    if (this.params.has(name)) throw new Error(`parameter "${name}" is declared twice`);
    const count = shape.reduce((a, b) => a * b, 1);
    this.refuseHuge(name, shape, count);
    const { fitted = false, trainable = !fitted } = options;
    const initial = tf.tensor(values(this.rng.fold(name), count), shape, "float32");
    const param: Param = {
      value: tf.variable(initial, trainable),
      trainable,
      ...(fitted && { fitted }),
      torchLayout: options.torchLayout ?? "same",
    };
    initial.dispose();
    this.params.set(name, param);
    return param;
  }

  private refuseHuge(name: string, shape: readonly number[], count: number): void {
    const all = [...this.params.values()].reduce((sum, p) => sum + p.value.size, count);
    if (all <= MAX_NUMBERS) return;
    throw new ShapeError(
      `model_params: expected a model of at most ${MAX_NUMBERS} numbers, got ${all} with ${name} [${shape}]. ` +
        "Lower latent_dim, hidden_dims or data_params.patch_size.",
    );
  }
}

/** Layers one after the other. */
export function sequential(...layers: Layer[]): Layer {
  return (x, pass) => layers.reduce((h, layer) => layer(h, pass), x);
}

/** LeakyReLU with `slope` for negative values. */
export function leakyRelu(slope: number): Layer {
  return (x) => tf.leakyRelu(x, slope);
}
