import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { show } from "../../config/describe.ts";
import { CheckpointError, ConfigError } from "../../errors.ts";
import type { Diffusers, ModelDefinition } from "../../models/define.ts";
import { getModel, modelNames } from "../../models/registry.ts";
import { readState, type StoredState } from "./read_state.ts";

/** A model of diffusers', or of a pair of files. */
export interface DiffusersFolder {
  /** Sections of a config for it. */
  readonly config: object;
  /** Its tensors by the names that they have here. */
  readonly state: StoredState;
  /** For messages: the files. */
  readonly file: string;
}

interface Kind extends Diffusers {
  readonly name: string;
}

/** Names of diffusers' weights, those first that are taken first. */
const WEIGHTS = [
  "diffusion_pytorch_model.safetensors",
  "diffusion_pytorch_model.fp16.safetensors",
  "diffusion_pytorch_model.bin",
];
const PARTS = ["encoder", "decoder"] as const;

/**
 * What a folder holds: diffusers' config.json with its weights, itself or as `vae` of a pipeline; or the two files of an
 * encoder and a decoder, X_encoder.pth and X_decoder.pth (or .safetensors).
 *
 * @throws ConfigError where it holds neither, or a model that no variant is
 */
export async function readDiffusersFolder(folder: string): Promise<DiffusersFolder> {
  const kinds = modelNames().flatMap((name): Kind[] => {
    const { diffusers } = getModel(name) as ModelDefinition;
    return diffusers === undefined ? [] : [{ name, ...diffusers }];
  });
  const own = [folder, join(folder, "vae")].find((place) => existsSync(join(place, "config.json")));
  if (own !== undefined) return withConfig(own, kinds);
  const pair = pairIn(folder);
  if (pair !== undefined) return ofPair(folder, pair, kinds);
  throw new ConfigError(
    `"${folder}": expected a folder with diffusers' config.json and weights, or with X_encoder.pth and X_decoder.pth, got ` +
      "neither. A checkpoint of PyTorch-VAE: vae import FILE --config FILE --out RUN",
  );
}

async function withConfig(folder: string, kinds: readonly Kind[]): Promise<DiffusersFolder> {
  const about = join(folder, "config.json");
  const config = parsed(about);
  const { _class_name: className } = config;
  const kind = kinds.find((k) => k.className === className);
  if (kind === undefined)
    throw new ConfigError(
      `${about}: expected _class_name ${kinds.map((k) => k.className).join(" or ")}, got ${show(className)}. Other models can't be imported.`,
    );
  for (const [key, values] of Object.entries(kind.expects ?? {}))
    for (const value of [config[key] ?? []].flat())
      if (!values.includes(value as string))
        throw new ConfigError(
          `${about}: expected ${key} ${values.join(" or ")}, got ${show(value)}, which ${kind.name} doesn't compute here. It can't be imported.`,
        );
  const file = WEIGHTS.map((name) => join(folder, name)).find((name) => existsSync(name));
  if (file === undefined)
    throw new CheckpointError(
      `${folder}: expected the weights beside config.json, ${WEIGHTS.join(" or ")}, got none of them. Get them too.`,
    );
  return { config: sectionsOf(kind, config), state: renamed(await readState(file), kind.rename), file };
}

async function ofPair(
  folder: string,
  pair: readonly [string, string],
  kinds: readonly Kind[],
): Promise<DiffusersFolder> {
  const states = await Promise.all(pair.map((name) => readState(join(folder, name))));
  const entries = states.flatMap(({ tensors }, i) =>
    [...tensors].map(([name, tensor]) => [`${PARTS[i]}.${name}`, tensor] as const),
  );
  const state = { tensors: new Map(entries), notes: states.flatMap(({ notes }) => notes) };
  const shapes = new Map(entries.map(([name, { shape }]) => [name, shape]));
  for (const kind of kinds) {
    const found = kind.ofPair?.(shapes);
    if (found === undefined) continue;
    return {
      config: sectionsOf(kind, found.config),
      state: renamed(state, found.rename),
      file: pair.map((name) => join(folder, name)).join(" and "),
    };
  }
  throw new CheckpointError(
    `${folder}: expected an encoder and a decoder of the TAESD family, got tensors of other names ("${entries[0]?.[0]}"). They can't be imported.`,
  );
}

/** The first X_encoder and X_decoder by the alphabet. */
function pairIn(folder: string): readonly [string, string] | undefined {
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const [, before, ending] = /^(.*)encoder(\.(?:safetensors|pth|pt|bin))$/.exec(name) ?? [];
    const other = `${before}decoder${ending}`;
    if (before !== undefined && names.includes(other)) return [name, other];
  }
  return undefined;
}

const renamed = ({ tensors, notes }: StoredState, rename: Diffusers["rename"]): StoredState => ({
  tensors: rename ? new Map([...tensors].map(([name, tensor]) => [rename(name), tensor])) : tensors,
  notes,
});

const sectionsOf = (kind: Kind, config: Readonly<Record<string, unknown>>): object => ({
  model_params: { name: kind.name, ...kind.params(config) },
  ...(kind.data && { data_params: kind.data }),
  logging_params: { name: kind.name },
});

function parsed(file: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError(`${file}: expected JSON, got ${(error as Error).message}.`);
  }
  if (typeof config === "object" && config !== null) return config as Record<string, unknown>;
  throw new ConfigError(`${file}: expected an object with _class_name, got ${show(config)}.`);
}
