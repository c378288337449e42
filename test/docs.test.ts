import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
// @ts-expect-error a configuration without types
import { ORDER } from "../.dependency-cruiser.js";
import { allTests } from "./support/all_tests.ts";
import { vae } from "./support/cli.ts";
import { folder } from "./support/configs.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((f) =>
  f.endsWith(".md"),
);

/** The code blocks of a page: the word after the fence and the text. */
const blocks = (page: string) =>
  [...read(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
/** What a newcomer reads of a page, code left out. */
const prose = (page: string) => read(page).replace(/^```.*?^```$/gms, "");

/** GitHub's name of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

test("the README's first code block holds the two commands and nothing else", () => {
  expect(blocks("README.md")[0]!.text).toBe(
    "npm ci && npx vae run --config configs/dfcvae.yaml\nnpm ci && npm test\n",
  );
});

test.each(pages)("%s: its links and pictures lead somewhere", (page) => {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const broken = targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path, heading] = target.split("#");
    const file = path === "" ? join(root, page) : join(root, dirname(page), path!);
    if (!existsSync(file)) return true;
    const headings = heading ? [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)] : [];
    return heading !== undefined && !headings.some(([, text]) => anchor(text!) === heading);
  });
  expect(broken).toEqual([]);
});

test.runIf(allTests).each(["README.md", "docs/api.md"])("%s: its program runs as it stands", async (page) => {
  const { text } = blocks(page).find(({ language }) => language === "ts")!;
  expect(text.trim().split("\n").length).toBeLessThanOrEqual(page === "README.md" ? 15 : 25);
  const cwd = folder({ "package.json": '{"type": "module"}', "page.ts": text });
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") }; // by which tfjs-vae is src/index.ts
  const args = ["--import", import.meta.resolve("tsx"), "page.ts"];
  await promisify(execFile)(process.execPath, args, { cwd, env });
  expect(readFileSync(join(cwd, "samples.png")).subarray(1, 4).toString()).toBe("PNG");
});

/** Files that a page tells the reader to make, or that are another project's. */
const ELSEWHERE = [
  /^configs\/(mistakes|base|child)\.yaml$/, // an example of errors
  /^(src\/models|configs|test\/models)\/spread_vae\./, // a variant to be
  /^configs\/vae\.yaml$/, // PyTorch-VAE's
];

test.each(pages)("%s: every file, folder and script of the project that it names is there", (page) => {
  const paths =
    /(?<![\w/.~}-])(?:src|test|scripts|bench|examples|configs|schema|assets|docs|bin)\/[\w./-]*[\w/]/g;
  const missing = [...read(page).matchAll(paths)]
    .map(([path]) => path)
    .filter((path) => !ELSEWHERE.some((other) => other.test(path)) && !existsSync(join(root, path)));
  expect(missing).toEqual([]);
  const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
  for (const [, script] of read(page).matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toContain(script);
});

test("the README's config is valid", async () => {
  const { text } = blocks("README.md").find(({ language }) => language === "yaml")!;
  const dir = folder({ "configs/mine.yaml": text, "configs/dfcvae.yaml": read("configs/dfcvae.yaml") });
  expect(await vae(["validate", "configs/mine.yaml"], { cwd: dir })).toMatchObject({ code: 0, stderr: "" });
});

test("the variant in docs/adding-a-variant.md is the one in examples/, and it trains", async () => {
  const texts = blocks("docs/adding-a-variant.md").map(({ text }) => text);
  expect(texts).toContain(read("examples/spread_vae.mjs"));
  expect(texts).toContain(read("examples/spread_vae.yaml"));
  expect(texts).toContain(read("examples/free_bits_vae.ts"));
  expect(texts).toContain(read("examples/free_bits_vae.yaml"));
  const cwd = mkdtempSync(join(tmpdir(), "tfjs-vae-docs-"));
  const small = ["model_params.hidden_dims=[8,8]", "data_params.size=64", "data_params.patch_size=32"];
  const short = [
    "trainer_params.max_steps=2",
    "trainer_params.limit_val_batches=1",
    "data_params.train_batch_size=8",
  ];
  try {
    const settings = [...small, ...short].flatMap((setting) => ["--set", setting]);
    const args = ["run", "--config", join(root, "examples/spread_vae.yaml"), ...settings];
    const { code, stdout, stderr } = await vae(args, { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/validation: total .* spread \d/);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

test("every part that docs/adding-a-variant.md lists is there", async () => {
  const { pluginApi } = await import("../src/plugin_api.ts");
  const rows = [...prose("docs/adding-a-variant.md").matchAll(/^\| (`.*?) \| (.*) \|$/gm)];
  const listed = rows.flatMap(([, parts]) => [...parts!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  expect(listed.sort()).toEqual(Object.keys(pluginApi).sort());
  for (const [, part, what] of rows) {
    const api = pluginApi[part!.replaceAll("`", "") as keyof typeof pluginApi];
    if (!["`blocks`", "`losses`", "`nn`"].includes(part!)) continue;
    const names = [...what!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    for (const name of names) expect(api, part).toHaveProperty(name);
  }
});

test("docs/design.md shows every folder of src, at its place, and no other", () => {
  const tree = blocks("docs/design.md").find(({ text }) => text.includes("\nsrc/\n"))!.text;
  const above: string[] = [];
  const rooms = tree.slice(tree.indexOf("\nsrc/\n"), tree.indexOf("\ntest/"));
  const shown = [...rooms.matchAll(/^( +)(\w+)\/ /gm)].map(([, indent, name]) => {
    above.splice(indent!.length / 2 - 1, Infinity, name!);
    return above.join("/");
  });
  const entries = readdirSync(join(root, "src"), { withFileTypes: true, recursive: true });
  const folders = entries.filter((e) => e.isDirectory());
  const paths = folders.map((e) => relative(join(root, "src"), join(e.parentPath, e.name)));
  expect(shown.sort()).toEqual(paths.sort());
});

test("docs/design.md has the order of imports that is checked", () => {
  const lines = (ORDER as string[][]).map((places) => places.join(", ")).reverse();
  expect(blocks("docs/design.md").map(({ text }) => text.trim())).toContain(lines.join("\n"));
});
