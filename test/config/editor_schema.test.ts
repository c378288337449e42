import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { editorSchema } from "../../src/config/editor_schema.ts";
import { testRegistries } from "../support/configs.ts";

describe("the schema for editors", () => {
  const check = new Ajv({ strict: false, allErrors: true }).compile(editorSchema(testRegistries()));
  const model_params = { name: "SmallVAE" };

  test.each<[string, unknown]>([
    ["a name alone", { model_params }],
    ["a child that leaves out the model", { extends: "a.yaml", exp_params: { LR: 1 } }],
    ["a child's key of any model", { extends: ["a.yaml"], model_params: { gamma: 1 } }],
    ["a child's key of any data set", { extends: "a.yaml", data_params: { val_share: 0.2 } }],
    ["a plugin's model", { plugins: ["./a.mjs"], model_params: { name: "Mine", any: 1 } }],
    ["a data set by name", { model_params, data_params: { name: "shapes3d", train_batch_size: 1 } }],
    ["the default data set", { model_params, data_params: { data_path: "x", val_share: 0.3 } }],
    ["a weight with warm-up", { model_params, exp_params: { loss_weights: { kl: { value: 1 } } } }],
  ])("takes %s", (_, config) => {
    expect(check(config), JSON.stringify(check.errors)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["nothing", {}],
    ["no name", { model_params: {} }],
    ["an unknown section", { model_params, exp_param: {} }],
    ["an unknown model", { model_params: { name: "SmalVAE" } }],
    ["an unknown data set", { model_params, data_params: { name: "shapes4d" } }],
    ["another model's key", { model_params: { name: "SmallVAE", gamma: 1 } }],
    [
      "a key of the default data set under another",
      { model_params, data_params: { name: "shapes3d", val_share: 0.3 } },
    ],
    ["an unknown key of the default data set", { model_params, data_params: { val_shar: 0.3 } }],
    ["a child's key of no model", { extends: "a.yaml", model_params: { gama: 1 } }],
    ["a value of the wrong kind", { model_params: { name: "SmallVAE", latent_dim: "x" } }],
    ["an unknown shared key", { model_params, exp_params: { lr: 1 } }],
  ])("refuses %s", (_, config) => {
    expect(check(config)).toBe(false);
  });

  test("describes the keys of a model and shows their defaults", () => {
    const text = JSON.stringify(editorSchema(testRegistries()));
    expect(text).toContain('"default":128');
    expect(text).toContain("A model for tests of configs.");
  });
});
