import { homedir } from "node:os";
import { expect, test } from "vitest";
import { projectRegistries } from "../../src/config/registries.ts";
import { load, loadError } from "../support/configs.ts";

const yaml = "model_params: {name: SmallVAE}\n";
const set = async (...values: string[]) => (await load(yaml, values)).config;

test.each([
  ["photos #1"],
  ["a #b"],
  ["#b"],
  ["001"],
  ["1e3"],
  ["no"],
  ["true"],
  ["2026-01-02"],
  ["0x10"],
  [".inf"],
  ["*x"],
  ["&x"],
  ["!x"],
  ["!"],
  ["%x"],
  ["@x"],
  ["`x`"],
  ["{a"],
  ["[a]"],
  ["{a: b}"],
  ["a: b"],
  ["- a"],
  ["---"],
  ["it's"],
  ["a, b"],
  [" a"],
  ["C:\\Users\\new"],
  ["|"],
  ["?"],
])("--set takes %j as it is where a key takes text", async (text) => {
  const config = await set(`logging_params.save_dir=${text}`, `data_params.data_path=/${text}`);
  expect([config.logging_params.save_dir, config.data_params.data_path]).toEqual([text, `/${text}`]);
});

test("quotes around all of a text are YAML's, and a null takes a key away", async () => {
  const config = await set("logging_params.name='a #b'", 'logging_params.save_dir="x y"');
  expect(config.logging_params).toMatchObject({ name: "a #b", save_dir: "x y" });
  expect((await set('logging_params.save_dir="C:\\Users"')).logging_params.save_dir).toBe("C:\\Users");
  const base = `${yaml}logging_params: {name: mine}\n`;
  expect((await load(base, ["logging_params.name=null"])).config.logging_params.name).toBe("SmallVAE");
});

test("what is no text is YAML; a comment or an open bracket in it is told as what it is", async () => {
  expect((await set("model_params.hidden_dims=[1, 2]")).model_params.hidden_dims).toEqual([1, 2]);
  expect((await set("model_params.sigma=0.5")).model_params.sigma).toBe(0.5);
  expect((await set("model_params.sigma=optimal")).model_params.sigma).toBe("optimal");
  const network = await set("model_params.feature_network={name: vgg11, weights: random}");
  expect(network.model_params.feature_network).toEqual({ name: "vgg11", weights: "random" });
  expect(await loadError(yaml, ["exp_params.LR=0.5 # high"])).toContain(
    '--set exp_params.LR=0.5 # high: expected a number > 0, got "0.5 # high"\n',
  );
  expect(await loadError(yaml, ["model_params.hidden_dims=[1,"])).toContain(
    'expected a list of 1 to 8, each an integer ≥ 1, got "[1,". It can\'t be read: is a bracket or a quote not closed, or a number beyond ±9007199254740991?\n',
  );
  expect(await loadError(yaml, ["exp_params.LR=.nan"])).toContain('expected a number > 0, got ".nan"\n');
});

test.each([
  ["**/*.png", "**/*.png"],
  ["*.png", "*.png"],
  ["{a,b}/*.jpg", "{a,b}/*.jpg"],
  ["{jpg,png}", "{jpg,png}"],
  ["!(x)*.png", "!(x)*.png"],
  ["[ab]*.png", "[ab]*.png"],
  ["[*.png, **/*.{jpg,webp}]", ["*.png", "**/*.{jpg,webp}"]],
  ['["*.png", b.jpg]', ["*.png", "b.jpg"]],
])("a glob needs no quotes inside quotes: pattern=%s", async (text, expected) => {
  const project = await projectRegistries();
  const { config } = await load(
    "model_params: {name: VanillaVAE}\n",
    [`data_params.pattern=${text}`],
    project,
  );
  expect(config.data_params.pattern).toEqual(expected);
});

test("~ is the home folder, in --set and in a file", async () => {
  const config = await set("data_params.data_path=~/photos", "logging_params.save_dir=~");
  expect(config.data_params.data_path).toBe(`${homedir()}/photos`);
  expect(config.logging_params.save_dir).toBe(homedir());
  const file = `${yaml}data_params: {data_path: ~/photos}\nlogging_params: {save_dir: ~/runs, name: ~a}\n`;
  const own = (await load(file)).config;
  expect(own.data_params.data_path).toBe(`${homedir()}/photos`);
  expect(own.logging_params).toMatchObject({ save_dir: `${homedir()}/runs`, name: "~a" });
});

test("a variable of the shell's is not the name of a folder", async () => {
  for (const key of ["logging_params.name", "data_params.data_path", "logging_params.save_dir"])
    expect(await loadError(yaml, [`${key}=\${USER_NAME}_1`])).toContain(
      `no key USER_NAME, which \${USER_NAME} names, is written in this config.`,
    );
  expect(await loadError(`${yaml}logging_params: {name: "\${RUN}"}\n`)).toMatch(
    /^config\.yaml:2:24 logging_params\.name: no key RUN, which/,
  );
});

test("in a file, too, text that YAML reads as a number or boolean is text where a key takes nothing else", async () => {
  const name = async (written: string) =>
    (await load(`${yaml}logging_params: {name: ${written}}\n`)).config.logging_params.name;
  expect([await name("001"), await name("1e3"), await name("true"), await name("'007'")]).toEqual([
    "001",
    "1e3",
    "true",
    "007",
  ]);
});
