import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { openDataset } from "../../../src/data/registry.ts";
import { loadExperiment } from "../../../src/experiment/series/load.ts";
import type { Member } from "../../../src/experiment/series/members.ts";
import { markdown, rowsOf } from "../../../src/experiment/series/table.ts";
import { buildModel } from "../../../src/experiment/training/prepare.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { newCtx } from "../../../src/models/ctx.ts";
import { Rng } from "../../../src/rng.ts";
import { folder } from "../../support/configs.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const GOOD = `
name: small
seeds: [1, 2]
steps: 4
shared: {data_params: {name: shapes3d}}
runs:
  plain: {extends: base.yaml, model_params: {latent_dim: 3}}
  other: {model_params: {name: VanillaVAE}}
evaluation: {metrics: [psnr]}
`;
const BASE = "model_params: {name: VanillaVAE, latent_dim: 8}\ntrainer_params: {max_epochs: 5}\n";

async function errorOf(text: string, set: string[] = []): Promise<string> {
  const dir = folder({ "x.yaml": text, "base.yaml": BASE });
  const error = await loadExperiment(join(dir, "x.yaml"), { set }).then(
    () => undefined,
    (e: Error) => e,
  );
  expect(error?.name).toBe("ConfigError");
  return error!.message.replaceAll(`${dir}/`, "");
}

it("a run is its bases, what all share, its own keys, and the experiment's seed and steps", async () => {
  const dir = folder({ "x.yaml": GOOD, "base.yaml": BASE });
  const set = ["shared.data_params.size=20", "evaluation.network={name: vgg16, weights: w.pth}"];
  const { members, out, options } = await loadExperiment(join(dir, "x.yaml"), { set });
  expect(members.map(({ run, seed }) => `${run} ${seed}`)).toEqual([
    "plain 1",
    "other 1",
    "plain 2",
    "other 2",
  ]);
  const { config } = members[2]!;
  expect(config.model_params.latent_dim).toBe(3);
  expect(config.data_params).toMatchObject({ name: "shapes3d", size: 20 });
  expect(config.exp_params.manual_seed).toBe(2);
  expect(config.trainer_params).toMatchObject({ max_steps: 4 });
  expect(config.trainer_params.max_epochs).toBeUndefined();
  expect(config.logging_params).toMatchObject({ save_dir: join(out, "plain"), name: "seed_2" });
  expect(out).toBe(join("logs", "experiments", "small"));
  expect(options.networks).toEqual([{ name: "vgg16", weights: join(process.cwd(), "w.pth") }]);
  const several = ["evaluation.network=[tiny_vgg, {name: vgg16, weights: w.pth}]"];
  const { options: two } = await loadExperiment(join(dir, "x.yaml"), { set: several });
  expect(two.networks).toEqual([{ name: "tiny_vgg" }, ...options.networks]);
});

it("takes the older name of the metrics, of a file and of --set", async () => {
  const dir = folder({ "x.yaml": GOOD.replace("metrics:", "figures:"), "base.yaml": BASE });
  const load = async (set: string[]) => (await loadExperiment(join(dir, "x.yaml"), { set })).metrics;
  expect(await load([])).toEqual(["psnr"]);
  expect(await load(["evaluation.metrics=[mse]"])).toEqual(["mse"]);
  expect(await load(["evaluation.figures=[ssim]"])).toEqual(["ssim"]);
  expect(await errorOf(GOOD.replace("metrics:", "figures: [mse], metrics:"))).toMatch(
    /evaluation\.figures: unknown key/,
  );
});

it.each([
  [
    "a misspelled key",
    "seeds: [1, 2]",
    "seed: [1, 2]",
    /x\.yaml:3:1 seed: unknown key\. Did you mean "seeds"\?/,
  ],
  ["a wrong value", "steps: 4", "steps: 0", /x\.yaml:4:8 steps: expected an integer ≥ 1, got 0/],
  [
    "an unknown metric",
    "[psnr]",
    "[psrn]",
    /evaluation\.metrics\[0\]: expected one of .*"psrn"\. Did you mean "psnr"/,
  ],
  [
    "a run's misspelled key",
    "latent_dim: 3",
    "latent_dimm: 3",
    /x\.yaml:7:46 model_params\.latent_dimm: unknown key/,
  ],
  [
    "a base that is missing",
    "base.yaml",
    "bass.yaml",
    /x\.yaml:7:20 extends: no file bass\.yaml\. Did you mean/,
  ],
  [
    "a seed in a config",
    "shared: {",
    "shared: {exp_params: {manual_seed: 3}, ",
    /shared\.exp_params\.manual_seed: expected none in an experiment, whose seeds say it\. Remove it/,
  ],
  [
    "a network that judges twice",
    "[psnr]",
    "[psnr], network: [vgg16, {name: vgg16, weights: w.pth}]",
    /x\.yaml:9:48 evaluation\.network\[1\]: expected another network than those before, .* got vgg16 again\. Remove it/,
  ],
  ["no runs", /runs:[\s\S]*(?=evaluation)/, "runs: {}\n", /runs: expected a run or more, got an empty map/],
])("says of %s where it is and what to do", async (_, from, to, message) => {
  expect(await errorOf(GOOD.replace(from, to))).toMatch(message);
});

it("says each mistake of what all share once", async () => {
  const message = await errorOf(GOOD.replace("{name: shapes3d}", "{name: shapes3d, sise: 3}"));
  expect(message.match(/sise/g)).toHaveLength(1);
  expect(message).toMatch(/Did you mean "size"\?\n1 error in x\.yaml$/);
});

const SEARCH = GOOD.replace(
  "runs:",
  "search: {metric: psnr, steps: 2, shared: {exp_params.LR: '1e-4, 2e-3'}, runs: {plain: {model_params.latent_dim: [4]}}}\nruns:",
);

it("a search has as many trials of each run, shorter, by images of val; what it chose is laid over the runs", async () => {
  const dir = folder({ "x.yaml": SEARCH, "base.yaml": BASE });
  const file = join(dir, "x.yaml");
  const { search, members, chosen } = await loadExperiment(file);
  expect(chosen.size).toBe(0);
  expect(search!.runs).toEqual([
    "plain,LR=0.0001,latent_dim=4",
    "plain,LR=0.002,latent_dim=4",
    "other,LR=0.0001",
    "other,LR=0.002",
  ]);
  expect(search).toMatchObject({
    steps: 2,
    seeds: [0],
    metrics: ["psnr"],
    options: { split: "val" },
    better: "higher",
  });
  const { config } = search!.members[1]!;
  expect(config.exp_params).toMatchObject({ LR: 0.002, manual_seed: 0 });
  expect(config.model_params.latent_dim).toBe(4);
  expect(config.trainer_params.max_steps).toBe(2);
  expect(config.logging_params.save_dir).toBe(join(search!.out, "plain,LR=0.002,latent_dim=4"));
  expect(members[0]!.config.model_params.latent_dim).toBe(3);

  const values = search!.trials.get("plain")![1]!.values;
  const again = await search!.lay(new Map([["plain", values]]));
  expect(again.members[0]!.config.exp_params.LR).toBe(0.002);
  expect(again.members[0]!.config.model_params.latent_dim).toBe(4);
  expect(again.members[1]!.config.exp_params.LR).not.toBe(0.002); // the other run's
});

it("a run's range stands over the one of all; a number's name has the network's and the samplers'", async () => {
  const own = SEARCH.replace("model_params.latent_dim: [4]", "exp_params.LR: '1e-5, 1e-6'")
    .replace("metric: psnr", "metric: frechet_tiny_vgg_samples_gmm")
    .replace("{metrics: [psnr]}", "{metrics: [psnr, frechet], samplers: [gmm]}");
  const dir = folder({ "x.yaml": own, "base.yaml": BASE });
  const { search } = await loadExperiment(join(dir, "x.yaml"));
  expect(search!.runs.slice(0, 2)).toEqual(["plain,LR=0.00001", "plain,LR=0.000001"]);
  expect(search).toMatchObject({ metrics: ["frechet"], samplers: ["gmm"], better: "lower" });
});

it("NETWORK in a search's metric is for each run the first network that judges and that it doesn't learn by", async () => {
  const text = SEARCH.replace("metric: psnr", "metric: frechet_NETWORK_samples")
    .replace("{name: VanillaVAE}", "{name: DFCVAE, feature_layers: [relu1_1]}")
    .replace("{metrics: [psnr]}", "{metrics: [frechet], network: [tiny_vgg, vgg16, vgg16_bn]}");
  const dir = folder({ "x.yaml": text, "base.yaml": BASE });
  const metricOf = async (set: string[] = []) =>
    Object.fromEntries((await loadExperiment(join(dir, "x.yaml"), { set })).search!.metricOf);
  expect(await metricOf()).toEqual({ plain: "frechet_tiny_vgg_samples", other: "frechet_vgg16_samples" });
  const learned = "runs.other.model_params.feature_network={name: vgg16_bn, weights: random}";
  expect(await metricOf([learned])).toMatchObject({ other: "frechet_tiny_vgg_samples" });
  expect(
    await metricOf(["search.runs.other={model_params.feature_network: [vgg16]}", "search.shared={}"]),
  ).toEqual({
    plain: "frechet_tiny_vgg_samples",
    other: "frechet_tiny_vgg_samples",
  });
  expect(await errorOf(text, ["evaluation.network=tiny_vgg"])).toMatch(
    /x\.yaml: search\.metric: expected a network in evaluation\.network that other does not learn by, got tiny_vgg\. Add/,
  );
});

it.each([
  [
    "numbers of trials that differ",
    "[4]",
    "[4, 5]",
    /search: expected as many settings for each run, .* got 4 of plain, 2 of other\. Or draw/,
  ],
  [
    "a run that is none",
    "{plain: {model_params",
    "{plainn: {model_params",
    /search\.runs\.plainn: expected one of .*plain, other, got "plainn"\. Did you mean "plain"/,
  ],
  [
    "a number that isn't computed",
    "metric: psnr",
    "metric: ssim",
    /search\.metric: expected a number of evaluation\.metrics .*there are psnr, got "ssim"/,
  ],
  [
    "a key that changes the images",
    "exp_params.LR",
    "data_params.size",
    /search\.shared\.data_params\.size: expected no key that changes which images a run is judged by/,
  ],
  [
    "a section",
    "exp_params.LR: '1e-4, 2e-3'",
    "exp_params: [{LR: 1}]",
    /expected one key of this section\. Write it dotted/,
  ],
  [
    "a name of a pattern",
    "metric: psnr",
    "metric: frechet_NETWORK_samples",
    /there are psnr, got "frechet_NETWORK_samples"/,
  ],
  [
    "a seed that is one of the runs'",
    "{metric: psnr",
    "{seed: 2, metric: psnr",
    /search\.seed: expected another than the seeds 1, 2, .* got 2/,
  ],
  [
    "ranges that are missing",
    /shared: \{exp.*?\}, runs: \{.*?\}\}/,
    "shared: {}",
    /search: expected ranges of values/,
  ],
  ["a value that is none", "1e-4, 2e-3", "1e-4, fast", /exp_params\.LR: expected a number > 0, got "fast"/],
  [
    "a key that the experiment says",
    "exp_params.LR",
    "trainer_params.max_steps",
    /expected none in an experiment, whose steps say it/,
  ],
])("of a search: says of %s where it is and what to do", async (_, from, to, message) => {
  expect(await errorOf(SEARCH.replace(from, to))).toMatch(message);
});

it("means over seeds, their deviation, and the best by the direction of each number", async () => {
  const dir = folder({ "x.yaml": GOOD, "base.yaml": BASE });
  const experiment = await loadExperiment(join(dir, "x.yaml"));
  const evaluation = (psnr: number, sharpness: number) =>
    ({
      images: 9,
      data: "shapes3d",
      split: "test",
      figures: { psnr, mse: -psnr, sharpness_images: 1, sharpness_samples: sharpness, kl: 1 },
    }) as never;
  const evaluations = new Map([
    [
      "plain",
      new Map([
        [1, evaluation(20, 0.5)],
        [2, evaluation(24, 0.5)],
      ]),
    ],
    ["other", new Map([[1, evaluation(21, 1.1)]])],
  ]);
  const rows = new Map(rowsOf(experiment, evaluations).map((row) => [row.metric, row]));
  const plain = rows.get("psnr")!.cells.get("plain")!;
  expect([plain.mean, plain.deviation, plain.best]).toEqual([22, Math.sqrt(8), true]);
  expect(rows.get("mse")!.cells.get("plain")!.best).toBe(true); // lower
  expect(rows.get("sharpness_samples")!.cells.get("other")!.best).toBe(true); // nearer to the images' 1
  expect([...rows.get("kl")!.cells.values()].some(({ best }) => best)).toBe(false);
  const text = markdown(experiment, evaluations);
  expect(text).toContain("| psnr | dB | higher | **22 ± 2.8** | 21 |");
  expect(text).toContain("Not complete, there are: plain 1, 2; other 1.");
});

it("of many runs the table has a row a run", async () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const runs = names.map((name) => `  ${name}: {extends: base.yaml}\n`).join("");
  const text = `${GOOD.slice(0, GOOD.indexOf("  plain"))}${runs}evaluation: {metrics: [psnr]}\n`;
  const dir = folder({ "x.yaml": text, "base.yaml": BASE });
  const experiment = await loadExperiment(join(dir, "x.yaml"));
  const evaluations = names.map((name, i) => {
    const figures = { psnr: 20 + i, ...(i > 0 && { kl: 2 }) };
    return [name, new Map([[1, { images: 9, data: "shapes3d", split: "test", figures } as never]])] as const;
  });
  const lines = markdown(experiment, new Map(evaluations)).split("\n");
  const table = lines.filter((line) => line.startsWith("|"));
  expect(table.slice(0, 4)).toEqual([
    "| metric | psnr | kl |",
    "| --- | --- | --- |",
    "| unit | dB | nats |",
    "| better | higher | – |",
  ]);
  expect([table[4], table[10]]).toEqual(["| a | 20 |  |", "| g | **26** | 2 |"]);
});

describe("each shipped experiment", () => {
  const shipped = readdirSync(`${root}configs/experiments`);

  it.each(shipped)("%s is valid, and each run of it samples", { timeout: 120_000 }, async (name) => {
    const { members, baseDir, seeds } = await loadExperiment(`${root}configs/experiments/${name}`);
    await useBackend("auto");
    const imagesOf = ({ config: { data_params }, model, dataset }: Member): Promise<Dataset> =>
      model.needsLabels
        ? openDataset(data_params, { baseDir, cacheDir: cacheDir("test"), seed: 1 }, dataset)
        : Promise.reject(new Error("the images' shape follows from the config"));
    for (const member of members.filter(({ seed }) => seed === seeds[0])) {
      const { config } = member;
      const { feature_network: named } = config.model_params as {
        feature_network?: string | { name: string };
      };
      const network = typeof named === "string" ? { name: named } : named;
      const random = network &&
        network.name !== "tiny_vgg" && { feature_network: { ...network, weights: "random" } };
      const { vae, imageShape } = await buildModel({
        config: { ...config, model_params: { ...config.model_params, ...random } },
        baseDir,
        rng: Rng.fromSeed(1),
        dataset: () => imagesOf(member),
      });
      const ctx = newCtx({ training: false, step: 0, rng: Rng.fromSeed(1), labels: undefined });
      const made = vae.sample!(2, ctx);
      expect(made.shape).toEqual([2, ...imageShape]);
      made.dispose();
      vae.dispose?.();
      for (const { value } of vae.params.values()) value.dispose();
    }
  });
});
