import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { vae } from "../support/cli.ts";
import { type TensorBoardServer, tensorboardServer } from "../support/tensorboard_server.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 2, log_every_n_steps: 1}
logging_params: {image_count: 16, name: tiny}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-pages-"));
const run = "tiny/version_0";
let board: TensorBoardServer;

/** Answers of TensorBoard's routes; [wall time, step, value] each. */
type Series<T> = [wallTime: number, step: number, value: T][];
type Tags = Record<string, Record<string, unknown>>;

const train = async (...settings: string[]) => {
  const args = settings.flatMap((setting) => ["--set", setting]);
  const ended = await vae(["run", "--config", "tiny.yaml", "--quiet", ...args], { cwd: root });
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
};
const tags = async (plugin: string, of = run) =>
  Object.keys(((await board.json(`${plugin}/tags`)) as Tags)[of]!);
const histogram = async (tag: string, of = run) =>
  (await board.json(`histograms/histograms?run=${of}&tag=${tag}`)) as Series<[number, number, number][]>;

beforeAll(async () => {
  writeFileSync(join(root, "tiny.yaml"), CONFIG);
  await train();
  await train("logging_params.histogram_every_n_steps=3");
  await train("logging_params.histogram_every_n_steps=0", "logging_params.latent_count=0");
  board = await tensorboardServer(join(root, "logs"));
}, 300_000);
afterAll(async () => {
  await board?.close();
  rmSync(root, { recursive: true, force: true });
});

describe("a run's pages in TensorBoard", () => {
  it("begin with pictures, the total and validation, in the order in which it shows groups", async () => {
    const all = (await Promise.all(["images", "scalars", "histograms"].map((page) => tags(page)))).flat();
    const groups = [...new Set(all.map((tag) => tag.split("/")[0]!))].sort();
    expect(groups).toEqual([
      "Pictures",
      "Total",
      "Val",
      "gradients",
      "latents",
      "train",
      "train_speed",
      "weights",
    ]);
  });

  it("show scalars, and each figure of training and validation in one chart", async () => {
    const found = await tags("scalars");
    for (const tag of ["Total/train", "Total/val", "Val/elbo", "train/kl", "train_speed/data_wait_share"])
      expect(found).toContain(tag);
    const layout = (await board.json("custom_scalars/layout")) as {
      category: { chart: { title: string; multiline: { tag: string[] } }[] }[];
    };
    expect(layout.category[0]!.chart.map(({ title }) => title)).toEqual([
      "total",
      "reconstruction",
      "kl",
      "mse",
    ]);
    const [pattern] = layout.category[0]!.chart[2]!.multiline.tag;
    const drawn = (await board.json(
      `custom_scalars/scalars?run=${run}&tag=${encodeURIComponent(pattern!)}`,
    )) as {
      tag_to_events: Record<string, unknown[]>;
    };
    const lengths = Object.entries(drawn.tag_to_events).map(([tag, events]) => [tag, events.length]);
    expect(Object.fromEntries(lengths)).toEqual({ "train/kl": 8, "Val/kl": 2 });
  });

  it("show grids of samples, reconstructions and traversals, and the KL of each dimension", async () => {
    expect((await tags("images")).sort()).toEqual([
      "Pictures/Reconstructions",
      "Pictures/Samples",
      "Pictures/Traversals",
      "latents/KL_per_dimension",
    ]);
    const shown = `images/images?run=${run}&tag=${encodeURIComponent("Pictures/Traversals")}&sample=0`;
    const [{ query }] = (await board.json(shown)) as [{ query: string }];
    const { width, height } = await sharp(await board.bytes(`images/individualImage?${query}`)).metadata();
    expect(height).toBe(18 + 2 + 4 * 130); // a line of values, a row for each of the four dimensions
    expect(width).toBeGreaterThan(7 * 130);
  });

  it("show the distribution of latents, weights and gradients", async () => {
    const found = await tags("histograms");
    for (const tag of ["latents/mean", "latents/z", "latents/standard_deviation", "latents/kl_per_dimension"])
      expect(found).toContain(tag);
    const { tensors } = readSafetensors(join(root, "logs", run, "checkpoints/last.safetensors"));
    const params = [...tensors.keys()].filter((name) => name.startsWith("model.")).map((n) => n.slice(6));
    expect(found.filter((tag) => tag.startsWith("weights/")).sort()).toEqual(
      params.map((name) => `weights/${name}`).sort(),
    );
    expect(found.filter((tag) => tag.startsWith("gradients/")).sort()).toEqual(
      params
        .filter((name) => !name.includes(".running_"))
        .map((name) => `gradients/${name}`)
        .sort(),
    );
    const series = await histogram("latents/mean");
    expect(series.map(([, step]) => step)).toEqual([4, 8]);
    const buckets = series[0]![2];
    expect(buckets.reduce((sum, [, , count]) => sum + count, 0)).toBe(32 * 4);
    const [low, high] = [buckets[0]![0], buckets.at(-1)![1]];
    expect(low).toBeLessThan(high);
  });

  it("show histograms before each validation, every N steps, or none", async () => {
    const steps = async (of: string) =>
      (await histogram("gradients/fc_mu.weight", of)).map(([, step]) => step);
    expect(await steps(run)).toEqual([3, 7]);
    expect(await steps("tiny/version_1")).toEqual([0, 3, 6]);
    expect(await board.json("histograms/tags")).not.toHaveProperty("tiny/version_2");
  });

  it("compare runs by their settings and final figures", async () => {
    const found = (await board.json("hparams/session_groups", {
      experimentName: "",
      allowedStatuses: ["STATUS_SUCCESS"],
      colParams: [],
      startIndex: 0,
      sliceSize: 10,
    })) as {
      sessionGroups: {
        hparams: Record<string, unknown>;
        metricValues: { name: { tag: string }; value: number; trainingStep: number }[];
      }[];
    };
    expect(found.sessionGroups).toHaveLength(3);
    for (const { hparams, metricValues } of found.sessionGroups) {
      expect(hparams).toMatchObject({ "model_params.latent_dim": 4, "model_params.name": "VanillaVAE" });
      const elbo = metricValues.find(({ name }) => name.tag === "Val/elbo")!;
      expect(elbo.trainingStep).toBe(8);
      expect(elbo.value).toBeLessThan(0);
    }
  });

  it("show the config as text", async () => {
    expect(await board.json("text/tags")).toMatchObject({ [run]: ["config"] });
    const [event] = (await board.json(`text/text?run=${run}&tag=config`)) as { text: string }[];
    expect(event!.text).toContain("latent_dim: 4");
  });

  it("show the validation images in the projector, with their pictures and labels", async () => {
    expect(((await board.json("projector/runs")) as string[]).sort()).toEqual([run, "tiny/version_1"]);
    const { embeddings } = (await board.json(`projector/info?run=${run}`)) as {
      embeddings: { tensorName: string; tensorShape: number[]; sprite: { singleImageDim: number[] } }[];
    };
    expect(embeddings).toMatchObject([{ tensorShape: [32, 4], sprite: { singleImageDim: [32, 32] } }]);
    const of = `run=${run}&name=${encodeURIComponent(embeddings[0]!.tensorName)}`;
    const points = await board.bytes(`projector/tensor?${of}`);
    expect(points.length).toBe(32 * 4 * 4);
    const labels = (await board.bytes(`projector/metadata?${of}`)).toString().trimEnd().split("\n");
    expect(labels[0]).toBe("floor_hue\twall_hue\tobject_hue\tscale\tshape\torientation\timage");
    expect(labels).toHaveLength(1 + 32);
    const sprite = await sharp(await board.bytes(`projector/sprite_image?${of}`)).metadata();
    expect([sprite.width, sprite.height]).toEqual([6 * 32, 6 * 32]);
  });
});

test("histograms change nothing of the training", () => {
  const last = (version: number) =>
    readSafetensors(join(root, `logs/tiny/version_${version}/checkpoints/last.safetensors`)).tensors;
  const without = last(2);
  for (const version of [0, 1]) {
    for (const [name, { data }] of last(version)) expect(data, name).toEqual(without.get(name)!.data);
  }
});
