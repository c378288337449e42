import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Probe } from "./probes.ts";

/** Path of a file of test/parity. */
export const parity = (name: string): string => fileURLToPath(new URL(`../parity/${name}`, import.meta.url));

/** What test/parity/pytorch_vae.py wrote: values of PyTorch-VAE's own code. */
export interface PyTorchVae {
  readonly vanilla: {
    readonly eval: Readonly<Record<"mu" | "log_var" | "recons", Probe>>;
    readonly losses: readonly { readonly loss: number; Reconstruction_Loss: number; KLD: number }[];
    /** Of the first step, by parameter, but for those that are 0. */
    readonly grad: Readonly<Record<string, Probe>>;
    /** By bias before a batch norm: the sum of the absolute values that cancel, of the channel with the most. */
    readonly zero_grad: Readonly<Record<string, number>>;
    readonly after3: Readonly<Record<string, Probe>>;
  };
  readonly features: Readonly<
    Record<
      "none" | "imagenet",
      {
        readonly features: Readonly<Record<string, Probe>>;
        readonly loss: number;
        readonly grad: Probe;
      }
    >
  >;
  /** Of vanilla_vae.pt and .ckpt. */
  readonly files: {
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly mu: Probe;
    readonly log_var: Probe;
    readonly recons: Probe;
  };
}

export const pytorchVae = (): PyTorchVae => JSON.parse(readFileSync(parity("pytorch_vae.json"), "utf8"));
