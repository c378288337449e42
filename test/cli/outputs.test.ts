import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { some } from "../support/all_tests.ts";
import { vae } from "../support/cli.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, name: tiny, latent_count: 0, histogram_every_n_steps: 0}
`;
const RUN = "logs/tiny/version_0";
const cwd = mkdtempSync(join(tmpdir(), "tfjs-vae-outputs-"));
const at = (file: string) => join(cwd, file);

beforeAll(async () => {
  writeFileSync(at("tiny.yaml"), CONFIG);
  const { code } = await vae(["run", "--config", "tiny.yaml", "--quiet", "--backend", "wasm"], { cwd });
  expect(code).toBe(0);
  return () => rmSync(cwd, { recursive: true, force: true });
}, 120_000);

/** Each command that writes a file of its own choice, and two calls of it that write different things. */
const CHOOSING: [args: string[], file: string, one: string[], other: string[]][] = [
  [["sample", RUN], "samples.png", ["--seed", "1"], ["--seed", "2"]],
  [["reconstruct", RUN], "reconstructions.png", ["--count", "2"], ["--count", "3"]],
  [["interpolate", RUN], "interpolation.png", ["--steps", "3"], ["--steps", "4"]],
  [["traverse", RUN], "traversals.png", ["--steps", "3"], ["--steps", "4"]],
  [["attribute", RUN, "--attribute", "shape=1"], "attribute.png", ["--steps", "3"], ["--steps", "4"]],
  [["encode", RUN, "val"], "z.npz", ["--limit", "3"], ["--limit", "4"]],
  [["compare", RUN, RUN], "comparison.png", ["--count", "2"], ["--count", "3"]],
  [
    ["evaluate", RUN, "--metrics", "mse,kl"],
    `${RUN}/evaluation.json`,
    ["--max-images", "9"],
    ["--max-images", "8"],
  ],
];

describe.each(some(CHOOSING, 3))(
  "vae %j",
  (args, file, one, other) => {
    it("numbers its file where another is there, and keeps what is the same", async () => {
      const call = async (more: string[]) => {
        const { code, stdout, stderr } = await vae([...args, ...more, "--backend", "wasm"], { cwd });
        expect(code, stderr).toBe(0);
        return /(?:wrote|written to) (\S+)/.exec(stdout + stderr)![1]!;
      };
      const second = file.replace(extname(file), `_2${extname(file)}`);
      expect(await call(one)).toBe(file);
      const before = readFileSync(at(file));
      expect(await call(other)).toBe(second);
      expect(readFileSync(at(file)).equals(before)).toBe(true);
      expect(readFileSync(at(second)).equals(before)).toBe(false);
      expect(await call(one)).toBe(file);
    });
  },
  120_000,
);

/** Each command with --out, and the file of it that is there. */
const NAMED: [args: string[], file: string][] = [
  ...CHOOSING.map(([args, file]): [string[], string] => [[...args, "--out"], `mine${extname(file)}`]),
  [["export", RUN, "--format", "safetensors", "--out"], "mine.safetensors"],
  [["export", RUN, "--format", "tfjs", "--out"], "model.json"],
  [["schema", "--out"], "mine.json"],
];

it.each(some(NAMED, 3))(
  "vae %j refuses a file that is there before it computes, and replaces it with --force",
  async (args, file) => {
    const out = args.includes("tfjs") ? "." : file;
    const backend = args[0] === "schema" ? [] : ["--backend", "wasm"];
    writeFileSync(at(file), "mine");
    const { code, stderr } = await vae([...args, out, ...backend], { cwd });
    expect([code, stderr]).toEqual([
      2,
      `--out: ${file} is there already. Name another, or add --force to replace it.\n`,
    ]);
    expect(readFileSync(at(file), "utf8")).toBe("mine");
    if (!["sample", "evaluate", "export", "schema"].includes(args[0]!)) return; // the others as sample does
    const forced = await vae([...args, out, ...backend, "--force"], { cwd });
    expect(forced.code, forced.stderr).toBe(0);
    expect(readFileSync(at(file)).length).toBeGreaterThan(100);
    rmSync(at(file));
  },
  120_000,
);

it("a pipe or a device is no file to keep", async () => {
  const { code } = await vae(["schema", "--out", "/dev/null"], { cwd });
  expect([code, statSync("/dev/null").isCharacterDevice()]).toEqual([0, true]);
});

it("no command writes but by this rule", () => {
  const folder = fileURLToPath(new URL("../../src/cli", import.meta.url));
  const writing = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) =>
      /writeAtomic|writeFile|createWriteStream/.test(readFileSync(join(folder, name), "utf8")),
    );
  expect(writing).toEqual(["write_output.ts"]);
});
