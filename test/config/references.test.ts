import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { folder, load, loadError, testRegistries } from "../support/configs.ts";

const base = `model_params:
  name: SmallVAE
  latent_dim: 16
  hidden_dims: [8, 16]
`;
afterEach(() => vi.unstubAllEnvs());

test("a reference is what is written there, of any kind; within text it is text", async () => {
  const { config } = await load(`${base}exp_params:
  manual_seed: \${model_params.latent_dim}
  loss_weights: {kl: {value: 2, warmup_steps: 3}, reconstruction: "\${exp_params.loss_weights.kl}"}
logging_params:
  name: z\${model_params.latent_dim}_\${model_params.hidden_dims[1]}
`);
  expect(config.exp_params.manual_seed).toBe(16);
  expect(config.exp_params.loss_weights!.reconstruction).toEqual({
    value: 2,
    warmup_steps: 3,
    start: 0,
    delay_steps: 0,
  });
  expect(config.logging_params.name).toBe("z16_16");
});

test("it follows what is laid over: --set, and another file", async () => {
  const yaml = `${base}exp_params: {manual_seed: "\${model_params.latent_dim}"}\n`;
  expect((await load(yaml, ["model_params.latent_dim=5"])).config.exp_params.manual_seed).toBe(5);
  const typed = await load(base, [`exp_params.manual_seed=\${model_params.latent_dim}`]);
  expect(typed.config.exp_params.manual_seed).toBe(16);
});

test("a chain of references ends, and a circle is told", async () => {
  const chain = await load(
    `${base}exp_params: {manual_seed: "\${exp_params.lr_warmup_steps}", lr_warmup_steps: "\${model_params.latent_dim}"}\n`,
  );
  expect(chain.config.exp_params).toMatchObject({ manual_seed: 16, lr_warmup_steps: 16 });
  const circle = `${base}exp_params:\n  manual_seed: \${exp_params.lr_warmup_steps}\n  lr_warmup_steps: \${exp_params.manual_seed}\n`;
  expect(await loadError(circle)).toMatch(
    /^config\.yaml:6:16 exp_params\.manual_seed: expected no circle of references, got exp_params\.lr_warmup_steps -> exp_params\.manual_seed -> exp_params\.lr_warmup_steps\./,
  );
});

test("a reference that is cut off, or holds another, is told, and is no text", async () => {
  for (const text of [
    `\${model_params.latent_dim`,
    `a\${`,
    `\${model_params.\${logging_params.key}}`,
    `\${oc.env:NONE,\${a.b}}`,
  ])
    expect(await loadError(`${base}logging_params: {name: '${text}'}\n`), text).toBe(
      `config.yaml:5:24 logging_params.name: expected references that end with } and hold no braces, such as \${model_params.latent_dim}, got ${JSON.stringify(text)}\n1 error in config.yaml`,
    );
});

test("a value of the environment is read as if it were typed; without it the one after the comma", async () => {
  vi.stubEnv("TFJS_VAE_TEST_SEED", "7");
  const yaml = (value: string) => `${base}exp_params: {manual_seed: "${value}"}\n`;
  const seed = async (value: string) => (await load(yaml(value))).config.exp_params.manual_seed;
  expect(await seed(`\${oc.env:TFJS_VAE_TEST_SEED}`)).toBe(7);
  expect(await seed(`\${oc.env:TFJS_VAE_TEST_NONE, 9}`)).toBe(9);
  expect(await loadError(yaml(`\${oc.env:TFJS_VAE_TEST_NONE}`))).toMatch(
    /config\.yaml:5:\d+ exp_params\.manual_seed: expected the environment's variable TFJS_VAE_TEST_NONE, which is not set\./,
  );
});

test.each([
  [
    `\${model_params.latent_dimm}`,
    /no key model_params\.latent_dimm, .*Did you mean "model_params\.latent_dim"\?/,
  ],
  [`\${latent_dim}`, /no key latent_dim, .*Did you mean "model_params\.latent_dim"\?/],
  [`\${exp_params.LR}`, /no key exp_params\.LR, .*Defaults can't be referred to: write the key\./],
  [`\${HOME}`, /no key HOME, .*For the environment's variable: \$\{oc\.env:HOME\}\./],
  [`\${now:%Y}`, /expected a key such as .*, got \$\{now:%Y\}, which is not done here\. Write the value/],
  [`\${.latent_dim}`, /expected a key by its whole name, .* got \$\{\.latent_dim\}/],
  [`a\${model_params.hidden_dims}`, /expected text or a number for .* within text, got a list or map/],
])("%s is told with its place", async (reference, message) => {
  const error = await loadError(`${base}logging_params:\n  name: "${reference}"\n`);
  expect(error).toMatch(/^config\.yaml:6:9 logging_params\.name: /);
  expect(error).toMatch(message);
});

test("a wrong value is told where the reference is written", async () => {
  expect(await loadError(`${base}exp_params:\n  manual_seed: \${model_params.hidden_dims}\n`)).toMatch(
    /^config\.yaml:6:16 exp_params\.manual_seed: expected an integer ≥ 0, got \[8, 16\]/,
  );
});

test("a file name that is referred to starts from where it is written", async () => {
  const dir = folder({
    "data/base.yaml": "data_params: {data_path: photos}\n",
    "config.yaml": `extends: data/base.yaml\n${base}  feature_network: {name: x, weights: "\${data_params.data_path}"}\n`,
  });
  const { config } = await loadConfig(join(dir, "config.yaml"), { registries: testRegistries() });
  expect(config.data_params.data_path).toBe("data/photos");
});

test("of several configs each is laid over those before, with its bases; mistakes are told in the file that made them", async () => {
  const dir = folder({
    "a.yaml": `${base}exp_params: {LR: 0.1, manual_seed: 3}\n`,
    "parts/b.yaml": "extends: c.yaml\nexp_params: {LR: 0.2}\ndata_params: {data_path: photos}\n",
    "parts/c.yaml": "exp_params: {LR: 0.3}\nmodel_params: {latent_dim: 2}\n",
    "bad.yaml": "exp_params: {LRR: 1}\n",
  });
  const files = ["a.yaml", "parts/b.yaml"].map((name) => join(dir, name));
  const { config, baseDir } = await loadConfig(files, { registries: testRegistries() });
  expect(config.exp_params).toMatchObject({ LR: 0.2, manual_seed: 3 });
  expect(config.model_params).toMatchObject({ name: "SmallVAE", latent_dim: 2 });
  expect(join(baseDir, config.data_params.data_path!)).toBe(join(dir, "parts/photos"));
  const wrong = loadConfig([...files, join(dir, "bad.yaml")], { registries: testRegistries() });
  await expect(wrong).rejects.toThrow(`${dir}/bad.yaml:1:14 exp_params.LRR: unknown key. Did you mean "LR"?`);
});
