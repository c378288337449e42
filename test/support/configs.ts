import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Type } from "typebox";
import { afterAll } from "vitest";
import { type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { layer, type Registries } from "../../src/config/registries.ts";
import { type DatasetDefinition, defineDataset } from "../../src/data/define.ts";
import { ConfigError } from "../../src/errors.ts";
import { defineModel, type ModelDefinition } from "../../src/models/define.ts";
import { oneOf } from "../../src/one_of.ts";

const terms = () => ({ reconstruction: { doc: "", weight: 1 }, kl: { doc: "", weight: 1 } });

/** A model with a key of each kind; its parameters, not its network, are what a config names. */
const small = defineModel({
  name: "SmallVAE",
  summary: "A model for tests of configs.",
  paper: { title: "none", url: "https://example.org" },
  params: Type.Object({
    in_channels: Type.Optional(Type.Integer({ minimum: 1 })),
    latent_dim: Type.Integer({ minimum: 1, default: 128 }),
    hidden_dims: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 8, default: [32, 64] }),
    decoder: oneOf(["transposed", "upsample"], { default: "transposed" }),
    sigma: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Literal("optimal")], {
      default: "optimal",
    }),
    feature_network: Type.Union(
      [
        Type.String(),
        Type.Object(
          { name: Type.String(), weights: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
      ],
      { default: "tiny_vgg" },
    ),
  }),
  check({ latent_dim, sigma }) {
    if (sigma === "optimal" && latent_dim === 13) {
      throw new ConfigError("model_params.latent_dim: expected no 13 with sigma: optimal, got 13");
    }
  },
  terms,
  build: () => {
    throw new Error("reading a config must not build its model");
  },
});
const other = defineModel({
  name: "OtherVAE",
  summary: "Another model for tests of configs.",
  paper: small.paper,
  params: Type.Object({ latent_dim: Type.Integer({ default: 8 }), gamma: Type.Number({ default: 1 }) }),
  terms,
  build: small.build as never,
});
const dataset = (name: string, params = Type.Object({})) =>
  defineDataset({
    name,
    summary: "Images for tests of configs.",
    params,
    open: () => {
      throw new Error("reading a config must not open its data");
    },
  });

const fixed = <T extends { readonly name: string }>(all: readonly unknown[]) => {
  const definitions = all as readonly T[];
  return layer<T>({
    names: () => definitions.map((d) => d.name),
    get: (name) => definitions.find((d) => d.name === name),
    register: () => {},
  });
};

/** Two models and two data sets, new each time. */
export function testRegistries(): Registries {
  return {
    models: fixed<ModelDefinition>([small, other]),
    datasets: fixed<DatasetDefinition>([
      dataset("image_folder", Type.Object({ val_share: Type.Number({ default: 0.1 }) })),
      dataset("shapes3d"),
    ]),
  };
}

/** A folder that is removed after the tests of the file, with `files` in it. */
export function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = mkdtempSync(join(tmpdir(), "tfjs-vae-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

type Files = Readonly<Record<string, string | Uint8Array>> | string;

/** `config.yaml` of `files` (or `files` itself, where it is text) loaded with the test registries. */
export function load(
  files: Files,
  set: readonly string[] = [],
  registries = testRegistries(),
): Promise<LoadedConfig> {
  const dir = folder(typeof files === "string" ? { "config.yaml": files } : files);
  return loadConfig(join(dir, "config.yaml"), { set, registries });
}

/** The message of the ConfigError that loading ends with, the folder taken out. Any other end fails. */
export async function loadError(
  files: Files,
  set: readonly string[] = [],
  registries = testRegistries(),
): Promise<string> {
  const dir = folder(typeof files === "string" ? { "config.yaml": files } : files);
  try {
    await loadConfig(join(dir, "config.yaml"), { set, registries });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${dir}/`, "");
    throw error;
  }
  throw new Error("expected a ConfigError, got none");
}
