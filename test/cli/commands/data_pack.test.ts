import { join } from "node:path";
import { expect, test } from "vitest";
import { vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";
import { open } from "../../support/data.ts";

const scenes = { name: "shapes3d", size: 1000, patch_size: 32 };
const cwd = folder({
  "scenes.yaml": `model_params: {name: VanillaVAE, hidden_dims: [8, 8], latent_dim: 2}
data_params: ${JSON.stringify(scenes)}
trainer_params: {max_steps: 2, limit_val_batches: 1}
logging_params: {image_count: 4, latent_count: 0, save_dir: runs}
`,
});
const env = { TFJS_VAE_CACHE: join(cwd, "cache") };

test("a data set is packed into a folder, also after a kill, and trained from there", async () => {
  const pack = ["data", "pack", "-c", "scenes.yaml", "--to", "packed"];
  const killed = await vae(pack, { cwd, env, signalAt: { text: "packing: ", signal: "SIGKILL" } });
  expect(killed.code).toBe(null);
  const { code, stdout, stderr } = await vae(pack, { cwd, env });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /packed: 1000 images for training, 1000 for validation, 1000 for test\. --set data_params\.name=records --set data_params\.data_path=packed\n$/,
  );
  const again = await vae(pack, { cwd, env });
  expect([again.code, again.stderr]).toEqual([
    1,
    expect.stringMatching(/^packed: expected a folder without packed data/),
  ]);

  const cacheDir = join(cwd, "cache/data");
  const [source, packed] = [
    await open(scenes, { cacheDir }),
    await open({ name: "records", data_path: join(cwd, "packed") }),
  ];
  const rows = [0, 1, 998, 999];
  expect(await packed.splits.train.read(rows)).toEqual(await source.splits.train.read(rows));
  await source.close();
  await packed.close();

  const sets = ["data_params.name=records", "data_params.data_path=packed", "data_params.size=null"];
  const run = await vae(
    ["run", "-c", "scenes.yaml", "--backend", "wasm", ...sets.flatMap((set) => ["--set", set])],
    { cwd, env },
  );
  expect([run.code, run.stderr]).toEqual([0, ""]);
});
