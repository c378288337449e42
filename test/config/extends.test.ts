import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { folder, load, loadError, testRegistries } from "../support/configs.ts";

const base = `model_params:
  name: SmallVAE
  latent_dim: 32
  hidden_dims: [8, 16, 32]
exp_params:
  LR: 0.01
  loss_weights: {kl: 2, reconstruction: 3}
`;

test("maps merge key by key, lists and values are replaced, --set comes last", async () => {
  const { config, files } = await load(
    {
      "base.yaml": base,
      "config.yaml":
        "extends: base.yaml\nmodel_params: {hidden_dims: [4]}\nexp_params: {loss_weights: {kl: {value: 1, warmup_steps: 5}}}\n",
    },
    ["model_params.latent_dim=64", "exp_params.loss_weights.kl.warmup_steps=7"],
  );
  expect(config.model_params).toMatchObject({ name: "SmallVAE", latent_dim: 64, hidden_dims: [4] });
  expect(config.exp_params.LR).toBe(0.01);
  expect(config.exp_params.loss_weights).toEqual({
    kl: { value: 1, warmup_steps: 7, start: 0, delay_steps: 0 },
    reconstruction: 3,
  });
  expect(files.map((f) => f.split("/").at(-1))).toEqual(["config.yaml", "base.yaml"]);
});

test("of several bases the later one wins", async () => {
  const { config } = await load({
    "a.yaml": base,
    "b.yaml": "model_params: {latent_dim: 5}\n",
    "config.yaml": "extends: [a.yaml, b.yaml]\n",
  });
  expect(config.model_params.latent_dim).toBe(5);
});

test("null takes a base's key away; the default is back", async () => {
  const { config } = await load({
    "base.yaml": base,
    "config.yaml":
      "extends: base.yaml\nmodel_params: {latent_dim: null}\nexp_params: {loss_weights: {kl: null}}\n",
  });
  expect(config.model_params.latent_dim).toBe(128);
  expect(config.exp_params.loss_weights).toEqual({ reconstruction: 3 });
});

test("a section whose keys are all commented out leaves the base's alone", async () => {
  const { config } = await load({
    "base.yaml": base,
    "config.yaml": "extends: base.yaml\nexp_params:\n  # LR: 1\n",
  });
  expect(config.exp_params.LR).toBe(0.01);
});

test("errors are placed in the file that wrote the key, through each level", async () => {
  const message = await loadError({
    "deep/root.yaml": "model_params:\n  name: SmallVAE\n  latent_dim: 0\n  foo_bar: 1\n",
    "deep/middle.yaml": "extends: root.yaml\nexp_params:\n  LR: -1\n",
    "config.yaml": "extends: deep/middle.yaml\ntrainer_params:\n  max_epochs: 0\n",
  });
  expect(message.split("\n").map((line) => line.split(": ")[0])).toEqual([
    "config.yaml:3:15 trainer_params.max_epochs",
    "deep/middle.yaml:3:7 exp_params.LR",
    "deep/root.yaml:3:15 model_params.latent_dim",
    "deep/root.yaml:4:3 model_params.foo_bar",
    "4 errors in config.yaml",
  ]);
});

test("a cycle is told with its chain", async () => {
  const files = {
    "config.yaml": "extends: a.yaml\n",
    "a.yaml": "extends: b.yaml\n",
    "b.yaml": "model_params: {name: SmallVAE}\nextends: a.yaml\n",
  };
  expect(await loadError(files)).toBe(
    "b.yaml:2:10 extends: expected no cycle, got a.yaml -> b.yaml -> a.yaml. Remove one of these extends",
  );
  expect(await loadError("extends: ./config.yaml\n")).toBe(
    "config.yaml:1:10 extends: expected no cycle, got config.yaml -> config.yaml. Remove one of these extends",
  );
});

test("a base that two others share is no cycle", async () => {
  const { config } = await load({
    "base.yaml": base,
    "a.yaml": "extends: base.yaml\nmodel_params: {latent_dim: 3}\n",
    "b.yaml": "extends: base.yaml\n",
    "config.yaml": "extends: [b.yaml, a.yaml]\n",
  });
  expect(config.model_params.latent_dim).toBe(3);
});

test("a missing base is placed at its name, with the nearest file", async () => {
  expect(await loadError({ "bases/small.yaml": base, "config.yaml": "extends: bases/smal.yaml\n" })).toBe(
    'config.yaml:1:10 extends: no file bases/smal.yaml. Did you mean "bases/small.yaml"?',
  );
  expect(await loadError("extends: [3]\n")).toBe(
    "config.yaml:1:11 extends: expected a file name or a list of them, got 3",
  );
});

test("a base's keys that another model lacks are told with the file that chose the model", async () => {
  const files = { "base.yaml": base, "config.yaml": "extends: base.yaml\nmodel_params:\n  name: OtherVAE\n" };
  expect(await loadError(files)).toBe(
    "base.yaml:4:3 model_params.hidden_dims: unknown key of OtherVAE: it is one of SmallVAE. " +
      "config.yaml:3:9 chose the name: take the key away there with hidden_dims: null.\n1 error in config.yaml",
  );
  const { config } = await load({ ...files, "config.yaml": `${files["config.yaml"]}  hidden_dims: null\n` });
  expect(config.model_params).toEqual({ name: "OtherVAE", latent_dim: 32, gamma: 1 });
});

test("a child's own unknown key is its own fault, whoever chose the model", async () => {
  const message = await loadError({
    "base.yaml": base,
    "config.yaml": "extends: base.yaml\nmodel_params: {gamma: 1}\n",
  });
  expect(message).toContain(
    "config.yaml:2:16 model_params.gamma: unknown key of SmallVAE: it is one of OtherVAE.\n",
  );
});

test("file names start from the file that writes them, or for --set from the current folder", async () => {
  const dir = folder({
    "shared/base.yaml": `${base}data_params:\n  data_path: images\nmodel_params_note: 1\n`.replace(
      "model_params_note: 1\n",
      "",
    ),
    "runs/config.yaml":
      "extends: ../shared/base.yaml\nmodel_params: {feature_network: {name: x, weights: w.pth}}\n",
  });
  const file = join(dir, "runs/config.yaml");
  const { config, baseDir } = await loadConfig(file, { registries: testRegistries() });
  expect(baseDir).toBe(join(dir, "runs"));
  expect(config.data_params.data_path).toBe("../shared/images");
  expect(config.model_params.feature_network).toEqual({ name: "x", weights: "w.pth" });
  const set = ["data_params.data_path=here", "model_params.feature_network.weights=random"];
  const changed = (await loadConfig(file, { registries: testRegistries(), set })).config;
  expect(join(baseDir, String(changed.data_params.data_path))).toBe(join(process.cwd(), "here"));
  expect(changed.model_params.feature_network).toEqual({ name: "x", weights: "random" });
});

test.each([
  ["model_params.latent_dim", "expected KEY.KEY=VALUE, such as model_params.latent_dim=64"],
  ["=3", "expected KEY.KEY=VALUE, such as model_params.latent_dim=64"],
  ["a..b=3", 'expected names with dots between them, got "a..b". A list is set as a whole: KEY=[1, 2]'],
  [
    "model_params.hidden_dims[0]=3",
    'expected names with dots between them, got "model_params.hidden_dims[0]". A list is set as a whole: KEY=[1, 2]',
  ],
  ["a.__proto__.b=3", '"__proto__" can\'t be a key. Remove it'],
  ["extends=b.yaml", "extends can't be set here. Name another file, or write it there"],
])("--set %s is refused", async (argument, expected) => {
  expect(await loadError("model_params: {name: SmallVAE}\n", [argument])).toBe(
    `--set ${argument}: ${expected}`,
  );
});
