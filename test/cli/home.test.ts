import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vae } from "../support/cli.ts";

const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
/** Of no user that the system knows. */
const UID = 4242;
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 8, val_limit: 8}
trainer_params: {max_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: home}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-home-"));
const temporary = join(root, "tmp");
const cwd = join(root, "cwd");
beforeAll(async () => {
  for (const folder of [root, temporary, cwd]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
  }
  writeFileSync(join(root, "home.yaml"), CONFIG);
  await vae(["schema"]); // bundled, which this user can't
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The command as that user, with these variables and no other but PATH; root alone can do that. */
function asStranger(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    uid: UID,
    gid: UID,
    env: { PATH: process.env.PATH, TMPDIR: temporary, ...env },
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].on("data", (data) => (said[name] += data));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, ...said })),
  );
}

const RUN = ["run", "--config", join(root, "home.yaml"), "--backend", "wasm"];
const own = join(temporary, `tfjs-vae-${UID}`);

describe.runIf(process.getuid?.() === 0)("a user that the system doesn't know", { timeout: 120_000 }, () => {
  it.each([
    ["validate", ["validate", "FOLDER/x.yaml"]],
    ["run", ["run", "--config", "FOLDER/x.yaml"]],
    ["experiment", ["experiment", "FOLDER/x.yaml"]],
    ["sample", ["sample", "FOLDER/version_0"]],
  ])("is told in a sentence by %s of what it may not read", async (_, args) => {
    const folder = join(root, "others");
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const { code, stderr } = await asStranger(args.map((arg) => arg.replace("FOLDER", folder)));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^\S+others\S+: expected access to it, got EACCES.*\. Change its permissions or those of the folders that it lies in\.\n$/,
      ),
    ]);
  });

  it("gets the help without HOME", async () => {
    const { code, stdout, stderr } = await asStranger(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: vae");
    expect(existsSync(own)).toBe(false);
  });

  it.each([
    ["without HOME", {}, "this user has no home folder"],
    ["with a HOME that can't be written", { HOME: "/" }, "/.cache/tfjs-vae/data can't be written"],
  ])("trains %s, with a cache of its own among temporary files, and is told so", async (_, env, why) => {
    const { code, stderr } = await asStranger(RUN, env);
    expect([code, stderr]).toEqual([
      0,
      `note   ${why}: ${own}/data is used; TFJS_VAE_CACHE names another folder\n`,
    ]);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(own, "data"))).toEqual([expect.stringMatching(/\.packed$/)]);
  });

  it("trains without HOME where TFJS_VAE_CACHE names a folder, and is told its name where that can't be written", async () => {
    const cache = join(cwd, "cache");
    const { code, stderr } = await asStranger(RUN, { TFJS_VAE_CACHE: cache });
    expect([code, stderr]).toEqual([0, ""]);
    expect(readdirSync(cache)).toEqual(["data"]);
    const refused = await asStranger(RUN, { TFJS_VAE_CACHE: "/nowhere" });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^\/nowhere\/data\/shapes3d-\S+: can't be written: no permission: .* TFJS_VAE_CACHE names another folder\.\n$/,
      ),
    ]);
  });

  it("is told so where a config or TFJS_VAE_CACHE has a ~", async () => {
    const path = await asStranger([...RUN, "--set", "logging_params.save_dir=~/runs"]);
    expect([path.code, path.stderr]).toEqual([
      2,
      'logging_params.save_dir: expected one without ~, for this user has no home folder, got "~/runs". Write the folder out, or set HOME.\n',
    ]);
    const cache = await asStranger(RUN, { TFJS_VAE_CACHE: "~/cache" });
    expect([cache.code, cache.stderr]).toEqual([
      2,
      expect.stringMatching(/^TFJS_VAE_CACHE: expected one without ~/),
    ]);
  });

  it("is not given another user's folder among temporary files", async () => {
    const other = join(root, "taken");
    mkdirSync(join(other, `tfjs-vae-${UID}`), { recursive: true }); // root's
    chmodSync(join(other, `tfjs-vae-${UID}`), 0o777);
    const { code, stderr } = await asStranger(RUN, { TMPDIR: other });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^this user has no home folder, nor .*in TFJS_VAE_CACHE: /),
    ]);
  });

  it("hears from doctor where the cache is, and what is missing", async () => {
    const there = await asStranger(["doctor"]);
    expect(there.stdout).toMatch(
      /note {5}cache: this user has no home folder; \S+ is used, which the system may empty/,
    );
    expect(there.stdout).toContain("TFJS_VAE_CACHE");
    expect(there.stdout).toMatch(/ready to train/);
    const none = await asStranger(["doctor"], { TFJS_VAE_CACHE: "/nowhere" });
    expect(none.stdout).toMatch(/MISSING {2}cache: TFJS_VAE_CACHE names \/nowhere, which can't be written/);
    expect(none.code).toBe(1);
  });
});
