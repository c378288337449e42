import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { dumpConfig } from "../../src/config/dump.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import { folder, load, testRegistries } from "../support/configs.ts";

const good = {
  model_params: {
    name: "SmallVAE",
    in_channels: 3,
    latent_dim: 16,
    hidden_dims: [8, 16],
    decoder: "upsample",
    sigma: 0.5,
    feature_network: { name: "tiny_vgg", weights: "random" },
  },
  data_params: {
    name: "image_folder",
    data_path: "x",
    train_batch_size: 8,
    horizontal_flip: true,
    image_range: "signed",
  },
  exp_params: {
    LR: 0.01,
    betas: [0.5, 0.9],
    scheduler: "step",
    scheduler_gamma: 0.5,
    loss_weights: { kl: { value: 1, warmup_steps: 100 }, reconstruction: 2 },
    manual_seed: 1,
  },
  trainer_params: { max_epochs: 2, checkpoint: { monitor: "val/kl", keep_last: 2 }, gpus: [0] },
  logging_params: { save_dir: "logs", name: "run" },
};
type Path = readonly (string | number)[];
type Tree = Record<string | number, unknown>;

function paths(node: unknown, at: Path = []): Path[] {
  if (typeof node !== "object" || node === null) return [at];
  return [
    ...(at.length > 0 ? [at] : []),
    ...Object.entries(node).flatMap(([key, child]) =>
      paths(child, [...at, Array.isArray(node) ? Number(key) : key]),
    ),
  ];
}

function changed(path: Path, change: (parent: Tree, key: string | number) => void): unknown {
  const copy = structuredClone(good) as unknown as Tree;
  const parent = path.slice(0, -1).reduce<Tree>((node, key) => node[key] as Tree, copy);
  change(parent, path.at(-1)!);
  return copy;
}

const dir = folder({});
async function outcome(config: unknown): Promise<unknown> {
  writeFileSync(`${dir}/config.yaml`, stringify(config));
  try {
    return await loadConfig(`${dir}/config.yaml`, { registries: testRegistries() });
  } catch (error) {
    return error;
  }
}

test("each key renamed is one ConfigError at its place", async () => {
  for (const path of paths(good).filter((p) => typeof p.at(-1) === "string")) {
    const model = path.join(".") === "model_params.name"; // without it no key of the section can be judged
    const error = await outcome(
      changed(path, (parent, key) => {
        parent[`${key}x`] = parent[key];
        delete parent[key];
      }),
    );
    expect(error, path.join(".")).toBeInstanceOf(ConfigError);
    expect((error as Error).message, path.join(".")).toMatch(
      new RegExp(`config\\.yaml:\\d+:\\d+ .*${path.at(-1)}${model ? "" : "x"}`),
    );
  }
});

const wrong: unknown[] = [
  "text?",
  -7.5,
  true,
  null,
  [],
  [[1]],
  {},
  { a: { b: 1 } },
  "",
  1e300,
  "__proto__",
  Number.NaN,
];
test("each value replaced by one of another kind is a ConfigError with a place, or read as it is", async () => {
  let errors = 0;
  for (const path of paths(good)) {
    for (const value of wrong) {
      const result = await outcome(
        changed(path, (parent, key) => {
          parent[key] = value;
        }),
      );
      if (!(result instanceof Error)) continue;
      errors++;
      const what = `${path.join(".")} = ${JSON.stringify(value)}: ${result.stack}`;
      expect(result, what).toBeInstanceOf(ConfigError);
      expect(result.message.split("\n")[0], what).toMatch(/config\.yaml:\d+:\d+[: ]/);
    }
  }
  expect(errors).toBeGreaterThan(paths(good).length * wrong.length * 0.7);
}, 60_000);

test("each key dropped is a ConfigError with a place, or the default", async () => {
  for (const path of paths(good).filter((p) => typeof p.at(-1) === "string")) {
    const result = await outcome(
      changed(path, (parent, key) => {
        delete parent[key];
      }),
    );
    if (!(result instanceof Error)) continue;
    expect(result).toBeInstanceOf(ConfigError);
    expect(result.message).toMatch(/config\.yaml:\d+:\d+ /);
    expect(["model_params", "name", "value", "scheduler_gamma"]).toContain(path.at(-1));
  }
});

test("a dumped config loads to the same config", async () => {
  const awkward = {
    ...good,
    logging_params: { save_dir: "null", name: "1e3 #: 'é" },
    model_params: { ...good.model_params, sigma: 1e-7 },
  };
  for (const source of [good, awkward, { model_params: { name: "OtherVAE" } }]) {
    const first = await load(stringify(source));
    const second = await load(dumpConfig(first.config));
    expect(second.config).toEqual(first.config);
  }
});

test("a config dumped for another folder names the same files", async () => {
  const { config } = await load(stringify({ ...good, data_params: { data_path: "../data" } }));
  const text = dumpConfig(config, { from: "/home/a/configs", to: "/home/a/logs/run/version_0" });
  expect((await load(text)).config.data_params.data_path).toBe("../../../data");
  expect(text).toContain("weights: random");
});
