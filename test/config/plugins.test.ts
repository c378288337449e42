import { expect, test } from "vitest";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import { folder, load, loadError, testRegistries } from "../support/configs.ts";

const config = (plugin: string, name = "Mine") =>
  `plugins: [${plugin}]\nmodel_params: {name: ${name}, depth: 3}\n`;
const definition = (name = "Mine") =>
  `{ name: "${name}", summary: "Mine.", paper: { title: "", url: "" },
     params: { type: "object", required: ["depth"], properties: { depth: { type: "integer", minimum: 1 } } },
     terms: () => ({ kl: { doc: "", weight: 1 } }), build() {} }`;

test("a plugin's model is known to the config that names it", async () => {
  const files = { "mine.mjs": `export default ${definition()};`, "config.yaml": config("./mine.mjs") };
  const loaded = await load(files);
  expect(loaded.config.model_params).toEqual({ name: "Mine", depth: 3 });
  expect(loaded.model.name).toBe("Mine");
  expect(await loadError({ ...files, "config.yaml": config("./mine.mjs").replace("3", "0") })).toContain(
    "config.yaml:2:35 model_params.depth: expected an integer ≥ 1, got 0\n",
  );
});

test("a function is called with the project's own parts; a list may mix models and data sets", async () => {
  const loaded = await load({
    "mine.mjs": `export default async ({ Type, defineModel }) => [
      defineModel({ ...${definition()}, params: Type.Object({ depth: Type.Integer({ default: 5 }) }) }),
      { name: "my_images", summary: "Mine.", params: Type.Object({ side: Type.Integer({ default: 9 }) }), open() {} },
    ];`,
    "config.yaml": "plugins: [mine.mjs]\nmodel_params: {name: Mine}\ndata_params: {name: my_images}\n",
  });
  expect(loaded.config.model_params).toEqual({ name: "Mine", depth: 5 });
  expect(loaded.config.data_params).toMatchObject({ name: "my_images", side: 9, train_batch_size: 64 });
});

test("a plugin stands beside the file that names it, and loads again into the same registry", async () => {
  const registries = testRegistries();
  const files = {
    "bases/mine.mjs": `export default () => (${definition()});`,
    "bases/base.yaml": config("./mine.mjs"),
    "config.yaml": "extends: bases/base.yaml\n",
  };
  const first = await load(files, [], registries);
  expect(first.config.plugins).toEqual(["bases/mine.mjs"]);
  const dir = folder(files);
  const { loadConfig } = await import("../../src/config/load.ts");
  await loadConfig(`${dir}/config.yaml`, { registries: testRegistries() });
  const again = testRegistries();
  await loadConfig(`${dir}/config.yaml`, { registries: again });
  await loadConfig(`${dir}/bases/base.yaml`, { registries: again });
  expect(again.models.names().filter((n) => n === "Mine")).toHaveLength(1);
});

test.each([
  ["a missing file", undefined, "no file mine.mjs. Write it relative to this config."],
  ["a mistake of syntax", "export default {\n  name: = 3 }", "Unexpected token"],
  [
    "a throw at import",
    "const x = 1;\nthrow new TypeError('no such thing');",
    "(line 2:7): TypeError: no such thing",
  ],
  [
    "a throw in its function",
    "export default () => {\n  return nothing.there;\n}",
    "(line 2:3): ReferenceError: nothing is not defined",
  ],
  ["an import that isn't there", "import 'no-such-package';", "Error: Cannot find package 'no-such-package'"],
  [
    "no default export",
    "export const a = 1;",
    "default export: expected a model or data set, or a function that returns one, got nothing",
  ],
  [
    "a number",
    "export default 3;",
    "default export: expected a model or data set, or a function that returns one, got 3",
  ],
  [
    "neither kind",
    "export default { name: 'x' };",
    "default export: expected a model (with build) or a data set (with open), got an object with name",
  ],
  [
    "a wrong field",
    `export default { ...${definition()}, terms: 3 };`,
    "default export: terms: expected a function, got 3",
  ],
  [
    "a field too few",
    `export default [{ ...${definition()}, summary: undefined }];`,
    "default export[0]: summary: expected text, got nothing",
  ],
  [
    "no schema",
    `export default { ...${definition()}, params: {} };`,
    "default export: params: expected a schema of an object, such as Type.Object({}), got an empty map",
  ],
  [
    "a wrong schema",
    `export default { ...${definition()}, params: { type: "object", properties: { a: { type: "int" } } } };`,
    "default export: params: expected a JSON Schema, but properties/a/type must be equal to one of the allowed values",
  ],
  [
    "a name that is taken",
    `export default ${definition("SmallVAE")};`,
    'default export: the model "SmallVAE" exists already. Choose another name.',
  ],
])("%s is told at the plugin's place, without a stack", async (_, source, expected) => {
  const files = { ...(source !== undefined && { "mine.mjs": source }), "config.yaml": config("./mine.mjs") };
  const message = await loadError(files);
  expect(message).toMatch(/^config\.yaml:1:11 plugins \.\/mine\.mjs/);
  expect(message).toContain(expected);
  expect(message).not.toMatch(/\n\s+at /);
});

test("a plugin's term may say nats, the old name of timesKldWeight; a note says the new one", async () => {
  const terms = (said: string) =>
    `${definition()}`.replace("weight: 1 }", `weight: 1 }, cost: { doc: "", weight: 2, ${said} }`);
  const loaded = async (said: string) =>
    load({
      "mine.mjs": `export default ${terms(said)};`,
      "config.yaml": `${config("./mine.mjs")}exp_params: {reconstruction: pixel_mean, kld_weight: 0.5}\n`,
    });
  const weights = ({ model, config: { exp_params } }: Awaited<ReturnType<typeof loaded>>) =>
    lossWeights(model, {}, exp_params, 100)(0);
  const [old, now, neither] = [
    await loaded("nats: true"),
    await loaded("timesKldWeight: true"),
    await loaded(""),
  ];
  expect(weights(old)).toEqual({ kl: 0.5, cost: 1 });
  expect(weights(now)).toEqual(weights(old));
  expect(weights(neither)).toEqual({ kl: 0.5, cost: 2 });
  const note = 'Mine, terms: "cost": nats is called timesKldWeight now; both work.';
  expect(old.notes).toContain(note);
  expect(now.notes).not.toContain(note);
});

test("a plugin's key that its schema marks as a file moves with its config, wherever it stands", async () => {
  const params = `params: { type: "object", properties: {
      masks: { type: "array", items: { anyOf: [{ type: "null" }, { type: "string", file: "[.]png$" }] } },
      by_name: { type: "object", patternProperties: { ".": { type: "string", file: true } } } } }`;
  const { config } = await load({
    "bases/mine.mjs": `export default { ...${definition()}, ${params} };`,
    "bases/base.yaml":
      "plugins: [mine.mjs]\nmodel_params: {name: Mine, masks: [a.png, none, null], by_name: {x: ./b, y: /c}}\n",
    "config.yaml": "extends: bases/base.yaml\n",
  });
  expect(config.model_params).toMatchObject({
    masks: ["bases/a.png", "none", null],
    by_name: { x: "bases/b", y: "/c" },
  });
});
