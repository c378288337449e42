import type { Static, TObject } from "typebox";
import type { Rng } from "../rng.ts";
import type { Convention } from "./convention.ts";
import type { DrawLabels, Label, VAE } from "./vae.ts";

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
  /** Measured in nats, so that under `pixel_mean` its weight is times kld_weight; left out: so is a term `kl`. */
  readonly nats?: boolean;
  /**
   * What a network that is trained against this one says or loses: its value depends on the other's skill, which changes
   * from epoch to epoch, so that it has no part in `val/objective`.
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
  /** What it does otherwise that no parameter sets: sentences. */
  readonly otherwise?: readonly string[];
  /** A config of this project that trains as it does. */
  readonly config?: string;
}

export interface ModelDefinition<P extends TObject = TObject, Term extends string = string> {
  /** As in `model_params.name`. */
  readonly name: string;
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
  /** The data set where a config names none; `image_folder` where left out. */
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
  build(args: BuildArgs<Static<P>>): Promise<VAE<Term>> | VAE<Term>;
}

/** A variant: its parameters, its loss terms and how to build it. One file, one line in the registry. */
export function defineModel<P extends TObject, Term extends string>(
  definition: ModelDefinition<P, Term>,
): ModelDefinition<P, Term> {
  return definition;
}

/** Names of a variant's phases. */
export const phasesOf = (model: Pick<ModelDefinition, "phases">): readonly [string, ...string[]] =>
  model.phases ?? ["vae"];
