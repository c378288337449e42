import { expect, test } from "vitest";
import { withHint } from "../../src/cli/near_misses.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";

const cwd = folder({
  "good.yaml": "model_params: {name: VanillaVAE}\ndata_params: {name: image_folder, data_path: nowhere}\n",
  "run/config.yaml": "model_params: {name: VanillaVAE}\n",
});
const said = async (...args: string[]) => {
  const { code, stderr } = await vae(args, { cwd });
  return { code, stderr };
};

test("vae run FILE is vae run --config FILE", async () => {
  const { code, stderr } = await said("run", "good.yaml");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("data_params.data_path: expected a folder of images"),
  ]);
});

test.each([
  [
    ["run", "--config", "good.yaml", "exp_params.LR=3"],
    'vae run: expected --set before KEY=VALUE, got "exp_params.LR=3" alone. Type: --set exp_params.LR=3\n',
  ],
  [
    ["run", "--config", "good.yaml", "--set", "exp_params.LR", "0.1"],
    'vae run: expected --set KEY=VALUE, got "exp_params.LR". Type: --set exp_params.LR=0.1\n',
  ],
  [["run", "run"], 'vae run: expected a config, got the run "run". To go on with it: vae run --resume run\n'],
  [["bench"], "vae bench: expected --config FILE, got none. One of the project's: configs/dfcvae.yaml\n"],
])("%j", async (args, expected) => {
  expect(await said(...args)).toEqual({ code: 2, stderr: expected });
});

test("vae train is told to be vae run", async () => {
  const { code, stderr } = await said("train", "good.yaml");
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("unknown command 'train'\n(vae run --config FILE trains)\n"),
  ]);
});

test.each([
  [
    "error: unknown command 'configs/a.yaml'\n",
    ["configs/a.yaml"],
    "(to train it: vae run --config configs/a.yaml)",
  ],
  [
    "error: unknown option '--lr'\n",
    ["run", "--lr", "3"],
    "(it is a key of the config: --set exp_params.LR=VALUE)",
  ],
  [
    "error: unknown option '--batch-size'\n",
    ["run"],
    "(it is a key of the config: --set data_params.train_batch_size=VALUE)",
  ],
  [
    "error: unknown option '--gpus'\n",
    ["run"],
    "(--backend chooses the kind of device, trainer_params.devices how many.)",
  ],
  [
    "error: too many arguments for 'sample'. Expected 1 argument but got 2.\n",
    ["sample", "RUN", "exp_params.LR=3"],
    "(before KEY=VALUE: --set exp_params.LR=3)",
  ],
])("commander's %j gets the sentence that helps", (message, typed, hint) => {
  expect(withHint(message, typed)).toBe(`${message}${hint}\n`);
});

test("a message on something else stays as it is", () => {
  for (const message of [
    "error: unknown command 'frobnicate'\n",
    "error: unknown option '--confg'\n(Did you mean --config?)\n",
  ])
    expect(withHint(message, ["x"])).toBe(message);
});
