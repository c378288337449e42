import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { type BackendInfo, useBackend } from "../src/backends/use_backend.ts";
import { loadConfig } from "../src/config/load.ts";
import { prepare } from "../src/experiment/training/prepare.ts";
import { createStepper } from "../src/experiment/training/stepper.ts";
import { celebaFiles } from "./support/celeba.ts";
import { cifar10Files } from "./support/cifar10.ts";
import { dataFolder } from "./support/data.ts";
import { mnistFiles } from "./support/mnist.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const shipped = ["configs", "configs/gallery", "examples", "bench/configs"].flatMap((dir) =>
  readdirSync(root + dir).flatMap((file) => (file.endsWith(".yaml") ? [`${dir}/${file}`] : [])),
);

/** What a config needs that the project can't ship: a few images, random weights. */
async function standIns(file: string): Promise<string[]> {
  const set = ["data_params.train_batch_size=8", "data_params.val_batch_size=8"];
  const { config } = await loadConfig(root + file);
  const { name } = config.data_params;
  const network = config.model_params.feature_network as { weights?: string } | undefined;
  if (network?.weights !== undefined) set.push("model_params.feature_network.weights=random");
  if (name === "shapes3d") set.push("data_params.size=16");
  if (name === "mnist" || name === "fashion_mnist")
    set.push(`data_params.data_path=${dataFolder(mnistFiles())}`);
  if (name === "cifar10") set.push(`data_params.data_path=${dataFolder(cifar10Files())}`);
  if (name === "celeba") set.push(`data_params.data_path=${dataFolder(await celebaFiles(16))}`);
  if (name === "image_folder") {
    const photo = (i: number) =>
      sharp({ create: { width: 40, height: 40, channels: 3, background: { r: 9 * i, g: 90, b: 200 } } })
        .jpeg()
        .toBuffer();
    const photos = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => [`${i}.jpg`, await photo(i)]),
    );
    set.push(`data_params.data_path=${dataFolder(Object.fromEntries(photos))}`);
  }
  return set;
}

describe("each shipped config", () => {
  const cacheDir = dataFolder();
  let backend: BackendInfo;
  beforeAll(async () => {
    backend = await useBackend("auto");
  });

  it.each(shipped)("%s builds and takes a step with finite figures", { timeout: 120_000 }, async (file) => {
    const { config, baseDir } = await loadConfig(root + file, { set: await standIns(file) });
    const prepared = await prepare({ config, baseDir, cacheDir });
    const eager = { ...config, trainer_params: { ...config.trainer_params, compile: false } };
    const stepper = createStepper({ config: eager, prepared, backend, say: () => {} });
    for await (const batch of prepared.train.batches(0)) {
      const { total, terms, gradNorm } = await stepper.run(batch, 0, 1e-4);
      expect(Object.values({ ...terms, total, gradNorm }).every(Number.isFinite)).toBe(true);
      expect(gradNorm).toBeGreaterThan(0);
      break;
    }
    await prepared.close();
  });
});
