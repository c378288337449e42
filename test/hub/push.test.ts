import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { UserError } from "../../src/errors.ts";
import { localRun } from "../../src/experiment/trained/hub_run.ts";
import { pushToHub } from "../../src/hub/push.ts";
import { hubName } from "../../src/hub/repo.ts";
import { vae } from "../support/cli.ts";
import { hubServer } from "../support/hub_server.ts";

const hub = await hubServer();
const place = mkdtempSync(join(tmpdir(), "tfjs-vae-hub-"));
const run = join(place, "logs/VanillaVAE/version_0");
const cache = join(place, "cache");
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  HF_ENDPOINT: hub.origin,
  HF_HOME: join(place, "nobody"),
  HF_TOKEN: "",
  NO_PROXY: "127.0.0.1",
  TFJS_VAE_CACHE: cache,
  ...more,
});
const mine = { HF_TOKEN: "hf_mine" };
const call = (args: readonly string[], more?: NodeJS.ProcessEnv) => vae(args, { env: env(more), cwd: place });
const sample = (name: string, out: string, more?: NodeJS.ProcessEnv) =>
  call(["sample", name, "--count", "2", "--backend", "wasm", "--out", join(place, out)], more);

beforeAll(async () => {
  const set = [
    "model_params.name=VanillaVAE",
    "model_params.latent_dim=4",
    "model_params.hidden_dims=[4,8]",
    "data_params.name=shapes3d",
    "data_params.size=100",
    "data_params.patch_size=32",
    "trainer_params.max_steps=2",
    `logging_params.save_dir=${join(place, "logs")}`,
    "logging_params.image_count=4",
  ];
  const config = new URL("../../configs/vanilla_vae.yaml", import.meta.url).pathname;
  const trained = await call([
    "run",
    "--config",
    config,
    "--backend",
    "wasm",
    ...set.flatMap((s) => ["--set", s]),
  ]);
  expect(trained.code, trained.stderr).toBe(0);
}, 120_000);
afterAll(() => rmSync(place, { recursive: true }));

describe("a run on the hub", () => {
  it("is pushed whole, with a model card, and samples as the run on the disk does", async () => {
    const pushed = await call(["push", run, "me/scenes", "--license", "cc0-1.0", "--backend", "wasm"], mine);
    expect(pushed.stderr).toBe("");
    expect(pushed.stdout).toContain(`files to ${hub.origin}/me/scenes`);
    const [commit, ...others] = hub.repos.get("me/scenes")!.commits;
    expect(others).toEqual([]);
    expect([...commit!.files.keys()].sort()).toEqual([
      "README.md",
      "checkpoints/best.safetensors",
      "config.yaml",
      "images/reconstructions.png",
      "images/samples.png",
      "images/traversals.png",
      "metrics.csv",
    ]);
    const card = commit!.files.get("README.md")!.toString();
    const head = parse(card.split("---\n")[1]!);
    expect(head).toMatchObject({
      license: "cc0-1.0",
      library_name: "tfjs-vae",
      pipeline_tag: "unconditional-image-generation",
      tags: expect.arrayContaining(["variational-autoencoder", "VanillaVAE"]),
      metrics: expect.arrayContaining(["elbo", "psnr"]),
    });
    const rows = readFileSync(join(run, "metrics.csv"), "utf8").trim().split("\n");
    const psnr = Number(rows.at(-1)!.split(",")[rows[0]!.split(",").indexOf("val/psnr")]);
    const [{ results }] = head["model-index"];
    expect(results[0].metrics).toContainEqual({ type: "psnr", name: "psnr", value: psnr });
    expect(card).toContain("![samples](images/samples.png)");
    expect(commit!.files.get("config.yaml")!.toString()).not.toContain(place);

    expect((await sample(run, "own.npy")).code).toBe(0);
    const taken = await sample("hf:me/scenes", "hub.npy");
    expect(taken.stderr).toContain("getting checkpoints/best.safetensors of me/scenes");
    expect(readFileSync(join(place, "hub.npy")).equals(readFileSync(join(place, "own.npy")))).toBe(true);
  });

  it("is got once, and used without a network then", async () => {
    hub.asked.length = 0;
    expect((await sample("hf:me/scenes", "offline.npy", { HF_HUB_OFFLINE: "1" })).code).toBe(0);
    expect(hub.asked).toEqual([]);
    hub.isUp = false;
    const down = await sample("hf:me/scenes", "down.npy");
    hub.isUp = true;
    expect(down.stderr).toContain("can't be reached");
    expect(down.code).toBe(0);
    expect(readFileSync(join(place, "down.npy")).equals(readFileSync(join(place, "own.npy")))).toBe(true);
  });

  it("that breaks off is gone on with", async () => {
    rmSync(cache, { recursive: true });
    hub.breaks = 2;
    expect((await sample("hf:me/scenes", "broken.npy")).code).toBe(0);
    expect(hub.breaks).toBe(0);
    expect(readFileSync(join(place, "broken.npy")).equals(readFileSync(join(place, "own.npy")))).toBe(true);
  });

  it("that is private wants the token, and a second push is another commit", async () => {
    const push = () =>
      call(["push", run, "me/mine", "--private", "--checkpoint", "last", "--backend", "wasm"], mine);
    expect((await push()).code).toBe(0);
    expect(hub.repos.get("me/mine")!.isPrivate).toBe(true);
    const refused = await sample("hf:me/mine", "private.npy");
    expect(refused.stderr).toMatch(
      /me\/mine: expected a repository with the revision main, the hub answered 401/,
    );
    expect(refused.code).not.toBe(0);
    expect((await sample("hf:me/mine", "private.npy", mine)).code).toBe(0);
    expect(readFileSync(join(place, "private.npy")).equals(readFileSync(join(place, "own.npy")))).toBe(true);
    const { commits } = hub.repos.get("me/mine")!;
    expect((await push()).code).toBe(0);
    expect(commits).toHaveLength(2);
    const best = await call(["push", run, "me/mine", "--backend", "wasm"], mine);
    expect(best.code).toBe(0);
    const names = [...commits.at(-1)!.files.keys()];
    expect(names.filter((name) => name.startsWith("checkpoints/"))).toEqual(["checkpoints/best.safetensors"]);
    const seen = await call(["push", run, "me/scenes", "--private", "--backend", "wasm"], mine);
    expect(seen).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("me/scenes, which is there and public."),
    });
  });
});

it("code in somebody's repository is neither got nor run", async () => {
  const marker = join(place, "ran");
  const evil = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(marker)}, "");\nexport default [];\n`;
  const config = "plugins: [checkpoints/evil.mjs]\nmodel_params: {name: VanillaVAE}\n";
  const files = { "config.yaml": config, "checkpoints/evil.mjs": evil, "checkpoints/best.safetensors": "x" };
  for (const [name, value] of Object.entries(env(mine))) vi.stubEnv(name, value);
  await pushToHub({ repo: "me/evil", files, title: "t", isPrivate: false, isOld: () => false });
  vi.unstubAllEnvs();
  const { stderr, code } = await sample("hf:me/evil", "evil.npy");
  expect([code, existsSync(marker)]).toEqual([2, false]);
  expect(stderr).toContain("plugins checkpoints/evil.mjs: no file");
});

describe("what can't be is a sentence", () => {
  const asked = async (more: NodeJS.ProcessEnv, make: () => unknown): Promise<string> => {
    const given = env(more);
    const before = Object.fromEntries(Object.keys(given).map((name) => [name, process.env[name]]));
    Object.assign(process.env, given);
    try {
      await make();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return (error as Error).message;
    } finally {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
    throw new Error("expected a mistake, got none");
  };
  const push = () =>
    pushToHub({ repo: "me/x", files: { a: "b" }, title: "t", isPrivate: false, isOld: () => false });

  it.each([
    [() => hubName("scenes"), {}, '"scenes": expected the name of a repository'],
    [push, {}, "expected a token of"],
    [
      push,
      { HF_TOKEN: "abc" },
      "HF_TOKEN: expected a token, hf_ and letters without spaces, got another text.",
    ],
    [
      push,
      { HF_TOKEN: "hf_a\nb" },
      "HF_TOKEN: expected a token, hf_ and letters without spaces, got another text.",
    ],
    [
      push,
      { ...mine, HF_ENDPOINT: "junk" },
      'HF_ENDPOINT: expected the address of a server, http://… or https://…, got "junk".',
    ],
    [() => localRun("hf:me/x"), { HF_ENDPOINT: "junk" }, "HF_ENDPOINT: expected the address of a server"],
    [push, { HF_TOKEN: "hf_other" }, "the hub answered 401"],
    [push, { ...mine, HF_HUB_OFFLINE: "1" }, "HF_HUB_OFFLINE forbids"],
    [push, { ...mine, HF_ENDPOINT: "http://127.0.0.1:9" }, "could not be written"],
    [() => localRun("hf:me"), {}, '"hf:me": expected a repository on the Hugging Face hub'],
    [() => localRun("hf:me/.."), {}, '"hf:me/..": expected a repository on the Hugging Face hub'],
    [() => localRun("hf:me/none"), {}, "me/none: expected a repository with the revision main"],
    [
      () => localRun("hf:me/scenes@v9"),
      {},
      "expected a repository with the revision v9, the hub answered 404",
    ],
    [() => localRun("hf:me/new"), { HF_HUB_OFFLINE: "1" }, "HF_HUB_OFFLINE forbids to get it"],
    [
      () => localRun("hf:me/new"),
      { HF_ENDPOINT: "http://127.0.0.1:9" },
      "could not be got from http://127.0.0.1:9",
    ],
  ] as const)("%s with %j", async (make, more, sentence) => {
    expect(await asked(more, make)).toContain(sentence);
  });

  it("the token of hf auth login is taken where HF_TOKEN is not set", async () => {
    const file = join(place, "token");
    writeFileSync(file, "hf_of_the_file\n");
    expect(await asked({ HF_TOKEN_PATH: file }, push)).toContain("the hub answered 401");
    writeFileSync(file, "hf_mine\n");
    expect(
      await asked({ HF_TOKEN_PATH: file }, async () => Promise.reject(new UserError((await push()).url))),
    ).toBe(`${hub.origin}/me/x`);
  });
});
