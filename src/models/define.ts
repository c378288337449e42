import type { Static, TObject } from "typebox";
import type { DrawLabels } from "../data/label_rows.ts";
import type { Rng } from "../rng.ts";
import type { Convention } from "./convention.ts";
import type { Label, Phase, VAE } from "./vae.ts";

export type { Convention } from "./convention.ts";

export interface Paper {
  readonly title: string;
  readonly url: string;
}

export interface TermDoc {
  /** What the term measures, with its unit. */
  readonly doc: string;
  /** Weight where a config gives none. */
  readonly weight: number;
  /** Steps over which the default weight rises from 0 in a straight line; left out: none. */
  readonly warmupSteps?: number;
  /** Of a term `reconstruction` under `pixel_mean`: it is the sum over an image's values, not their mean. */
  readonly summed?: boolean;
  /** Whether its weight is times kld_weight under `pixel_mean`, which brings nats to its scale; left out: a term `kl` is. */
  readonly timesKldWeight?: boolean;
  /** @deprecated The old name of `timesKldWeight`, which goes on working. */
  readonly nats?: boolean;
  /** A bound on log p(x) that holds reconstruction and KL in one: in nats, so that it weighs both. */
  readonly bound?: boolean;
  /**
   * What a network that is trained against this one, or after it on what it gives, says or loses: its value depends on the
   * other, which changes from epoch to epoch, so that it has no part in `val/objective`.
   */
  readonly adversarial?: boolean;
}

export interface BuildArgs<Params> {
  readonly params: Params;
  /** [H, W, C]. */
  readonly imageShape: readonly [number, number, number];
  readonly convention: Convention;
  /** What a nat weighs beside the reconstruction: kld_weight under `pixel_mean`, else 1. */
  readonly natWeight: number;
  /** Lowest and highest value of an image. */
  readonly imageRange: readonly [number, number];
  /** Draws the initial weights. */
  readonly rng: Rng;
  /** Folder that relative file names in the config start from. */
  readonly baseDir: string;
  /** The data set's labels, empty where it has none. Opens the data: only for a model that is conditioned on them. */
  labels(): Promise<readonly Label[]>;
  /** What draws labels of the training images, where there are some. */
  drawLabels(): Promise<DrawLabels>;
  /** How many images are trained on. Known once the data are open: to be asked for in a loss, not in `build`. */
  trainingImages(): number;
  /** No loss will be computed, so that what only losses use need not be there. */
  readonly withoutLoss?: boolean;
  /** Called while something is got or made that takes long: items done, items in all. */
  progress?(what: string, done: number, total: number): void;
}

/** What is known of a run before its data are opened. */
export interface Given extends Pick<BuildArgs<unknown>, "convention" | "natWeight" | "imageRange"> {
  /** [H, W, C]; undefined where only the data tell. */
  readonly imageShape?: readonly [number, number, number] | undefined;
  /** The data are known to have no labels. */
  readonly isUnlabelled?: boolean;
}

/** How PyTorch-VAE's model of a variant's name differs from the variant with its defaults. */
export interface PyTorchVae {
  /** Parameters that stand for what it does, where its config files say nothing and the default here is another. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Parameters that its checkpoints need to compute what they do there, besides its last activation, where that is a tanh. */
  readonly checkpoint?: Readonly<Record<string, string | boolean>>;
  /** What it does otherwise that no parameter sets: sentences. */
  readonly otherwise?: readonly string[];
  /** What its checkpoints hold besides the variant's parameters: names that begin so, and what they are of. */
  readonly stored?: { readonly prefix: string | readonly string[]; readonly what: string };
  /** Parameters that its checkpoints lack, which stay as they begin: names that begin so, and what they are of. */
  readonly lacking?: { readonly prefix: string; readonly what: string };
  /** A config of this project that trains as it does. */
  readonly config?: string;
}

/** How models of diffusers' class of the same architecture are imported. Parameters have its names. */
export interface Diffusers {
  /** `_class_name` in their config.json. */
  readonly className: string;
  /** `data_params` that their images need. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** `model_params` of a config.json; keys that it leaves out stand for diffusers' defaults. */
  params(config: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Keys of it that have no counterpart here, with the values that the variant computes: one, or each of a list. */
  readonly expects?: Readonly<Record<string, readonly (string | number)[]>>;
  /** What a tensor is called here. */
  rename?(name: string): string;
  /**
   * For those that are published as two files without a config.json, their tensors' names beginning with `encoder.` and
   * `decoder.`: what the config.json would say, and what a tensor is called here. Undefined: they are another model's.
   */
  ofPair?(
    shapes: ReadonlyMap<string, readonly number[]>,
  ): { readonly config: Readonly<Record<string, unknown>>; rename(name: string): string } | undefined;
}

export interface ModelDefinition<
  P extends TObject = TObject,
  Term extends string = string,
  Name extends string = string,
> {
  /** As in `model_params.name`. */
  readonly name: Name;
  /** One sentence. */
  readonly summary: string;
  readonly paper: Paper;
  /** Schema of `model_params` without `name`; the parameters' TypeScript type is derived from it. */
  readonly params: P;
  /** Names that PyTorch-VAE has for parameters, where they differ: its own -> ours. Configs may use either. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Other names that people know it by, for suggestions; no config may use them. */
  readonly knownAs?: readonly string[];
  readonly pytorchVae?: PyTorchVae;
  readonly diffusers?: Diffusers;
  /** Conditioned on labels: a config whose data have none is refused, and one that names no data gets some with labels. */
  readonly needsLabels?: boolean;
  /**
   * Several processes that train together, each on its part of a batch, get the loss of one: it is a mean over images, or it
   * asks for what it needs of the whole batch (backends/ranks.ts). The project's own all do; another one has to say so.
   */
  readonly acrossRanks?: boolean;
  /** The data set where a config names none, if it is another than the project's default. */
  readonly dataset?: string;
  /** The parameters with those defaults written out that depend on others; its result is what a run's config keeps. */
  complete?(params: Static<P>): Static<P>;
  /**
   * What the schema can't say, found before anything is built; must not need tfjs. Without `given`: the parameters alone.
   *
   * @throws UserError, its message starting with the key: `model_params.feature_layers[2]: expected …`.
   */
  check?(params: Static<P>, given?: Given): void;
  /** Names of its phases in order, each with an optimizer of its own; `["vae"]` where left out. */
  readonly phases?: readonly [string, ...string[]];
  /** The loss terms with their default weights under a convention. */
  terms(params: Static<P>, convention: Convention): Record<Term, TermDoc>;
  build(args: BuildArgs<Static<P>>): Promise<VAE<NoInfer<Term>>> | VAE<NoInfer<Term>>;
}

/** A variant: its parameters, its loss terms and how to build it. One file, one line in the registry. */
export function defineModel<P extends TObject, Term extends string, const Name extends string = string>(
  definition: ModelDefinition<P, Term, Name>,
): ModelDefinition<P, Term, Name> {
  return definition;
}

/** Whether a term's weight is times kld_weight under `pixel_mean`. */
export const isTimesKldWeight = (name: string, { timesKldWeight, nats }: TermDoc): boolean =>
  timesKldWeight ?? nats ?? name === "kl";

/** Name of the phase of a variant that has one. */
export const VAE_PHASE = "vae";

/** Names of a variant's phases. */
export const phasesOf = (model: Pick<ModelDefinition, "phases">): readonly [string, ...string[]] =>
  model.phases ?? [VAE_PHASE];

/** The phases of a model that one optimizer trains whole, by this loss. */
export const onePhase = <Term extends string>(loss: Phase<Term>["loss"]): readonly [Phase<Term>] => [
  { name: VAE_PHASE, owns: () => true, loss },
];
