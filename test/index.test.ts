import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, expectTypeOf, test } from "vitest";
import * as api from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "vae-index-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The types that programs import; `npm run types` reads this line. A name that is gone is an error there. */
type Types = [
  api.BackendInfo,
  api.BackendName,
  api.Batch,
  api.BuildArgs<unknown>,
  api.Config,
  api.Convention,
  api.Ctx,
  api.DataCommon,
  api.Dataset,
  api.DatasetDefinition,
  api.Examples,
  api.ExpParams,
  api.LoadOptions,
  api.LoggingParams,
  api.Loss,
  api.ModelDefinition,
  api.Named<number>,
  api.OpenArgs,
  api.Paper,
  api.Param,
  api.Phase,
  api.PluginApi,
  api.Posterior,
  api.PrepareArgs,
  api.Prepared,
  api.Registries,
  api.Registry<api.ModelDefinition>,
  api.Rng,
  api.RunFolder,
  api.Scalar,
  api.Split,
  api.Tensor,
  api.Tensor1D,
  api.Tensor2D,
  api.Tensor3D,
  api.Tensor4D,
  api.TermDoc,
  api.TrainPreparedArgs,
  api.TrainPreparedResult,
  api.TrainResult,
  api.TrainerParams,
  api.VAE,
  api.Callback,
  api.CallOptions,
  api.CheckpointEvent,
  api.Codes,
  api.ConfigInput,
  api.DataName,
  api.DataParamsByName,
  api.EarlyStoppingOptions,
  api.Encoded,
  api.EvaluateOptions,
  api.Evaluation,
  api.ImageInput,
  api.ImagesInput,
  api.InterpolateOptions,
  api.ModelName,
  api.ModelParamsByName,
  api.OpenRunOptions,
  api.ParamsOf<api.ModelDefinition>,
  api.PngOptions,
  api.RawPixels,
  api.Run,
  api.RunEvent,
  api.SampleOptions,
  api.StepEvent,
  api.TrainOptions,
  api.Traversal,
  api.TraverseOptions,
  api.ValidationEvent,
];

type FittedPrior = ReturnType<NonNullable<api.VAE["fitPrior"]>>;

/** What a plugin in TypeScript may still write by its older name. */
const older: { terms: api.TermDoc; fitted: FittedPrior } = {
  terms: { doc: "", weight: 1, nats: true },
  fitted: { values: {}, figures: { entropy: 1 } },
};

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8]}
data_params: {name: shapes3d, size: 60, patch_size: 32, train_batch_size: 4, val_batch_size: 4, val_limit: 4}
trainer_params: {max_steps: 1}
logging_params: {image_count: 4, latent_count: 0}
`;

test("a program trains a config, and goes on with the run step by step", async () => {
  const file = join(root, "config.yaml");
  writeFileSync(file, CONFIG);
  const backend = await api.useBackend("wasm");
  const trained = async (folder: api.RunFolder, steps: number, resume: boolean) => {
    const loaded = await api.loadConfig(file, { set: [`trainer_params.max_steps=${steps}`] });
    const prepared = await api.prepare({ ...loaded, cacheDir: api.cacheDir("test") });
    try {
      const args = { ...loaded, prepared, folder, backend, resume, quiet: true, brief: true };
      return (await api.trainPrepared(args)).state.step;
    } finally {
      folder.release();
      await prepared.dataset.close();
    }
  };
  const folder = api.createRun(root, "mine");
  expect(await trained(folder, 1, false)).toBe(1);
  expect(api.newestRun(root, "mine")).toBe(folder.path);
  expect(await trained(await api.openRunFolder(folder.path), 2, true)).toBe(2);
  expect(existsSync(folder.metrics)).toBe(true);
});

test("every value that programs import is there", () => {
  expect(Object.keys(api)).toEqual(
    expect.arrayContaining([
      ...["backendNames", "useBackend", "cacheDir", "loadConfig", "projectRegistries", "pluginApi", "Rng"],
      ...["train", "resumeRun", "openRun", "defineConfig", "EarlyStopping", "Images", "tf"],
      ...["datasetNames", "registerDataset", "modelNames", "registerModel"],
      ...["UserError", "ConfigError", "DataError", "ShapeError", "CheckpointError", "EngineError"],
      ...["restoreCheckpoint", "prepare", "trainPrepared", "createRun", "newestRun", "openRunFolder"],
    ]),
  );
  expect(api.backendNames).toEqual(expect.arrayContaining(["auto", "tensorflow", "wasm", "cpu"]));
  expectTypeOf<Types>().toBeArray();
  expect(older.fitted.figures).toEqual({ entropy: 1 });
});
