import type { BackendInfo } from "../../../backends/use_backend.ts";
import type { Config } from "../../../config/schema.ts";
import type { Dataset } from "../../../data/dataset.ts";
import type { VAE } from "../../../models/vae.ts";
import type { RunFolder } from "../../runs/run_folder.ts";
import type { RunState } from "../../runs/run_state.ts";

/** What a run is made of, as far as loggers tell of it. */
export interface RunParts {
  readonly model: { readonly name: string };
  readonly vae: Pick<VAE, "params">;
  readonly dataset: Pick<Dataset, "name" | "imageShape" | "splitNote" | "skipped" | "notes">;
  /** `size`: images. */
  readonly train: { readonly size: number };
  readonly val: { readonly size: number };
  /** Of the weights, where there is one. */
  readonly average?: object | undefined;
  /** The weight of each loss term at a step. */
  weights(step: number): Readonly<Record<string, number>>;
}

export interface RunLogArgs {
  readonly config: Config;
  readonly prepared: RunParts;
  readonly folder: RunFolder;
  readonly backend: BackendInfo;
  readonly resume: boolean;
  readonly quiet: boolean;
  readonly brief?: boolean;
  readonly out?: NodeJS.WriteStream | undefined;
  readonly state: Readonly<RunState>;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Epochs, the last of which may not be whole. */
  readonly epochs: number;
  /** What a resumed run finds otherwise than it was left: a sentence each. */
  readonly changed: readonly string[];
}
