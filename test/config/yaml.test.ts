import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { folder, load, loadError, testRegistries } from "../support/configs.ts";

const good = "model_params: {name: SmallVAE}\n";

test.each([
  ["a tab", "model_params:\n\tname: SmallVAE\n", "2:1: a tab in the indentation. Use spaces"],
  [
    "a bad indent",
    "model_params:\n    name: SmallVAE\n  latent_dim: 3\n",
    "3:1: not YAML: All mapping items must start at the same column",
  ],
  ["a duplicate key", `${good}exp_params: {LR: 1, LR: 2}\n`, "2:21: this key is given twice. Remove one"],
  [
    "a duplicate section",
    `${good}exp_params: {}\nexp_params: {}\n`,
    "3:1: this key is given twice. Remove one",
  ],
  ["an open quote", 'model_params: {name: "SmallVAE}\n', '2:1: not YAML: Missing closing "quote'],
  [
    "an unknown alias",
    `${good}exp_params: *nothing\n`,
    '2:13: no anchor "&nothing" before this alias. Define it, or write the value',
  ],
  [
    "an alias of itself",
    `${good}exp_params: &a {LR: *a}\n`,
    "2:21: the alias *a holds itself. Write the value",
  ],
  [
    "a tag",
    `${good}exp_params: {LR: !!python/object:os.system 1}\n`,
    "2:18: Unresolved tag: tag:yaml.org,2002:python/object:os.system. Remove the tag: plain YAML values only",
  ],
  [
    "two documents",
    `${good}---\n${good}`,
    "2:1: expected one YAML document, got a second. Remove it and the ---",
  ],
  ["YAML 1.1", `%YAML 1.1\n---\n${good}`, "1:1: expected YAML 1.2, got %YAML 1.1. Remove that line"],
  [
    "a merge key",
    `x: &x {LR: 1}\n${good}exp_params: {<<: *x}\n`,
    "3:14: merge keys (<<) are not part of YAML 1.2. Write the keys out, or use extends",
  ],
  ["a list", "- model_params\n", "1:1: expected sections (model_params, …), got a list"],
  ["text", "model_params\n", '1:1: expected sections (model_params, …), got "model_params"'],
  ["nothing", "", "1:1: expected sections (model_params, …), got an empty file"],
  ["comments only", "# nothing\n", "1:1: expected sections (model_params, …), got an empty file"],
  ["a list as key", `${good}? [a]\n: 1\n`, "2:3: expected a name as key, got a list or map"],
  ["a number as key", `${good}3: 1\n`, "2:1: expected a name as key, got 3"],
  ["no key", `${good}: 1\n`, "2:1: expected a name as key, got null"],
  ["__proto__", `${good}__proto__: {LR: 1}\n`, '2:1: "__proto__" can\'t be a key. Remove it'],
  [
    "constructor",
    `${good}exp_params: {loss_weights: {constructor: 1}}\n`,
    '2:29: "constructor" can\'t be a key. Remove it',
  ],
  ["infinity", `${good}exp_params: {LR: .inf}\n`, "2:18: expected a finite number, got .inf"],
  ["not a number", `${good}exp_params: {LR: .NaN}\n`, "2:18: expected a finite number, got .NaN"],
  [
    "a number too large for a double",
    `${good}exp_params: {LR: 1e999}\n`,
    "2:18: expected a finite number, got 1e999",
  ],
  [
    "an integer that a double can't hold",
    `${good}exp_params: {manual_seed: 9007199254740993}\n`,
    "2:27: expected a number within ±9007199254740991, got 9007199254740993",
  ],
])("%s in the file", async (_, yaml, expected) => {
  expect(await loadError(yaml)).toBe(`config.yaml:${expected}`);
});

test("alias bombs and endless brackets end in an error, soon", async () => {
  const bomb = [
    "a: &a0 [1]",
    ...Array.from({ length: 30 }, (_, i) => `a${i}: &a${i + 1} [*a${i}, *a${i}]`),
    good,
  ];
  expect(await loadError(bomb.join("\n"))).toMatch(
    /^config\.yaml:\d+:\d+: expected a config, got more than 10000 values$/,
  );
  expect(await loadError("[".repeat(200_000))).toMatch(
    /^config\.yaml:1:\d+: nested more than 50 deep\. Is a bracket not closed\?/,
  );
  expect(await loadError("{a: ".repeat(5_000))).toMatch(
    /^config\.yaml:1:\d+: nested more than 50 deep\. Is a bracket not closed\?/,
  );
  expect(await loadError("- ".repeat(100_000))).toMatch(
    /^config\.yaml:1:\d+: nested more than 50 deep\. Is a bracket not closed\?/,
  );
  expect(await loadError(`a: ${"x".repeat(300_000)}`)).toMatch(
    /expected a config of at most 256 KiB, got config\.yaml of 300003 bytes$/,
  );
});

test("anchors and aliases within reason are read", async () => {
  const { config } = await load(`${good}data_params: {train_batch_size: &n 8, val_batch_size: *n}\n`);
  expect(config.data_params).toMatchObject({ train_batch_size: 8, val_batch_size: 8 });
});

test("numbers, booleans and text follow YAML 1.2", async () => {
  const { config } = await load(
    "model_params: {name: SmallVAE, latent_dim: 0x10}\nexp_params: {LR: 1e-3, weight_decay: .5}\nlogging_params: {name: no}\n",
  );
  expect(config.model_params.latent_dim).toBe(16);
  expect(config.exp_params).toMatchObject({ LR: 0.001, weight_decay: 0.5 });
  expect(config.logging_params.name).toBe("no");
});

test("a file must be UTF-8; a byte order mark is passed over", async () => {
  expect(await loadError({ "config.yaml": Buffer.from(`\ufeff${good}`, "utf16le") })).toBe(
    "config.yaml:1:1: expected UTF-8, got UTF-16. Save the file as UTF-8",
  );
  const latin = Buffer.from(`# a\n${good}logging_params: {name: caf\u00e9 noir}\n`, "latin1");
  expect(await loadError({ "config.yaml": latin })).toBe(
    "config.yaml:3:27: expected UTF-8 text, got a byte that is not. Save the file as UTF-8",
  );
  expect(await loadError({ "config.yaml": Buffer.from(`${good}\0`) })).toBe(
    "config.yaml:2:1: expected UTF-8 text, got a zero byte",
  );
  const { config } = await load({
    "config.yaml": Buffer.from(`\ufeff${good}logging_params: {name: café}\n`),
  });
  expect(config.logging_params.name).toBe("café");
});

test("a folder, or no file", async () => {
  const dir = folder({ "configs/small.yaml": good });
  const told = (file: string) =>
    loadConfig(`${dir}/${file}`, { registries: testRegistries() }).then(
      () => "no error",
      (e: Error) => `${e.name}: ${e.message.replaceAll(`${dir}/`, "")}`,
    );
  expect(await told("configs")).toBe(
    "ConfigError: expected a YAML file, got the folder or device configs. In it: configs/small.yaml",
  );
  expect(await told("configs/smal.yaml")).toBe(
    'ConfigError: no file configs/smal.yaml. Did you mean "configs/small.yaml"?',
  );
  expect(await told("nowhere/x.yaml")).toBe(
    "ConfigError: no file nowhere/x.yaml. There is no folder nowhere either.",
  );
});
