import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateRun } from "../../../src/experiment/evaluation/evaluate_run.ts";
import { openTrained } from "../../../src/experiment/trained/open_trained.ts";
import { mutualInformationGap } from "../../../src/metrics/mig.ts";
import { metricOf } from "../../../src/metrics/table.ts";
import { tf } from "../../../src/tf.ts";
import { allTests } from "../../support/all_tests.ts";
import { vae } from "../../support/cli.ts";
import { images } from "../../support/image_folders.ts";
import { numpyLoad } from "../../support/numpy.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-evaluate-"));
const run = join(root, "logs/tiny/version_0");
const evaluate = (...args: string[]) => vae(["evaluate", ...args], { cwd: root });

beforeAll(async () => {
  writeFileSync(
    join(root, "tiny.yaml"),
    `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 16]}
data_params: {name: shapes3d, size: 128, patch_size: 32, train_batch_size: 16, val_batch_size: 64, val_limit: 64}
trainer_params: {max_epochs: 2}
logging_params: {image_count: 4, name: tiny}
`,
  );
  const { code, stderr } = await vae(["run", "--config", "tiny.yaml", "--quiet"], { cwd: root });
  expect([code, stderr]).toEqual([0, ""]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("computes every figure that the data allow, prints and writes the same, and repeats it", async () => {
  const few = ["--max-images", "64", "--draws", "4"];
  const { code, stdout, stderr } = await evaluate(run, ...few, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const result = JSON.parse(stdout);
  expect(JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"))).toEqual(result);
  expect(result).toMatchObject({ model: "VanillaVAE", split: "test", images: 64, step: 16, draws: 4 });
  const { kl_per_dim, ...numbers } = result.figures;
  for (const [name, value] of Object.entries(numbers)) {
    expect(value, name).toSatisfy(Number.isFinite);
    expect(metricOf(name), name).toBeDefined();
  }
  expect(Object.keys(result.left_out)).toEqual(["lpips"]);
  expect(kl_per_dim).toHaveLength(4);
  expect(kl_per_dim.reduce((a: number, b: number) => a + b)).toBeCloseTo(numbers.kl, 6);
  expect(numbers.log_likelihood).toBeGreaterThan(numbers.elbo);
  expect(numbers.psnr).toBeGreaterThan(-10 * Math.log10(numbers.mse) - 1e-6); // Jensen
  for (const name of ["mig", "sap", "dci_informativeness", "factor_vae", "beta_vae", "svm", "ssim"]) {
    expect(numbers[name], name).toBeGreaterThanOrEqual(0);
    expect(numbers[name], name).toBeLessThanOrEqual(1);
  }
  const again = await evaluate(run, ...few, "--metrics", "elbo,log_likelihood,frechet", "--json");
  const repeated = JSON.parse(again.stdout).figures;
  for (const [name, value] of Object.entries(repeated)) expect(value, name).toBe(numbers[name]);
}, 120_000);

it("agrees with what validation logged, but for the noise", async () => {
  const args = [
    "--checkpoint",
    "last",
    "--split",
    "val",
    "--max-images",
    "64",
    "--out",
    join(root, "val.json"),
  ];
  const all = ["--set", "data_params.val_limit=64", "--metrics", "elbo,active_units"];
  const { stdout } = await evaluate(run, ...args, ...all);
  expect(stdout).toContain("val split");
  expect(stdout).toMatch(/^elbo +\S+ +nats +higher$/m);
  const { figures } = JSON.parse(readFileSync(join(root, "val.json"), "utf8"));
  const [header, ...rows] = readFileSync(join(run, "metrics.csv"), "utf8").trimEnd().split("\n");
  const logged = (name: string) => Number(rows.at(-1)!.split(",")[header!.split(",").indexOf(name)]);
  expect(logged("val/psnr")).toBeGreaterThan(0);
  expect(Math.abs(logged("val/active_units") - figures.active_units)).toBeLessThanOrEqual(1);
  expect(Math.abs(logged("val/elbo") / figures.elbo - 1)).toBeLessThan(0.1);
});

it.runIf(allTests)(
  "computes what is of codes of the images of the split that is asked for, and says what it trained on",
  async () => {
    const figures = ["--metrics", "mig,sap,svm"];
    const of = async (split: string, count: number) => {
      const { stdout } = await evaluate(
        run,
        ...figures,
        "--split",
        split,
        "--max-images",
        `${count}`,
        "--json",
      );
      return JSON.parse(stdout);
    };
    for (const [split, count] of [
      ["test", 100],
      ["val", 50],
    ] as const) {
      const found = await of(split, count);
      const encoded = ["encode", run, split, "--limit", `${count}`, "--out", `${split}.npz`];
      await vae(encoded, { cwd: root });
      const { mean, labels } = numpyLoad(join(root, `${split}.npz`));
      const codes = {
        means: Float32Array.from(mean!.values as number[]),
        dims: 4,
        labels: Int32Array.from(labels!.values as number[]),
        factors: 6,
        count: mean!.shape[0]!,
      };
      expect([found.split, found.images]).toEqual([split, codes.count]);
      expect(found.figures.mig).toBeCloseTo(mutualInformationGap(codes), 9);
      const train = { split: "train", images: 128 };
      expect(found.trained_on).toEqual({ sap: train, svm: train });
    }
    const own = await of("train", 1000);
    expect(own.notes).toEqual(["sap, svm: judged by images that they were trained on (--split train)"]);
  },
  120_000,
);

describe("where there is too little", () => {
  it("leaves out of one image all that has a variance over images, or wants several labels", async () => {
    const { code, stdout, stderr } = await evaluate(run, "--max-images", "1", "--draws", "2", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const { figures, left_out, images } = JSON.parse(stdout);
    expect(images).toBe(1);
    expect(Object.keys(left_out)).toEqual(
      expect.arrayContaining([
        "frechet",
        "active_units",
        "svm",
        "mig",
        "dci",
        "sap",
        "factor_vae",
        "beta_vae",
      ]),
    );
    expect(left_out.frechet).toBe("needs two images or more, 1 is evaluated");
    expect(left_out.svm).toBe(
      `needs two values or more of floor_hue, the images evaluated (1) all have ${/have (\d+)/.exec(left_out.svm)![1]}`,
    );
    for (const name of ["elbo", "log_likelihood", "kl", "psnr", "sharpness_samples"])
      expect(figures[name], name).toSatisfy(Number.isFinite);
    const named = await evaluate(run, "--max-images", "1", "--metrics", "elbo,frechet");
    expect(named.stderr).toBe("--metrics frechet: needs two images or more, 1 is evaluated.\n");
    expect(named.code).toBe(2);
  }, 60_000);

  it.runIf(allTests)(
    "computes of two images what two allow, all of it finite",
    async () => {
      const { code, stdout, stderr } = await evaluate(run, "--max-images", "2", "--draws", "2", "--json");
      expect([code, stderr]).toEqual([0, ""]);
      const { figures, left_out } = JSON.parse(stdout);
      expect(figures.frechet_tiny_vgg_reconstructions).toBeGreaterThan(0);
      expect(left_out.beta_vae).toMatch(/needs 2 factors or more, there (is 1|are \d):/);
      for (const value of Object.values(figures).flat()) expect(value).toSatisfy(Number.isFinite);
    },
    60_000,
  );

  it("leaves out what is not finite, where a model has diverged", async () => {
    const opened = await openTrained(run, { backend: "wasm" });
    try {
      const bias = opened.vae.params.get("fc_mu.bias")!.value;
      bias.assign(tf.fill(bias.shape, Number.NaN));
      const networks = [{ name: "tiny_vgg" }];
      const options = {
        split: "test",
        maxImages: 20,
        seed: 0,
        draws: 2,
        networks,
        lpips: undefined,
      } as const;
      const { figures, left_out } = await evaluateRun(opened, { ...options, baseDir: root }, undefined);
      expect(Object.keys(figures)).toEqual(
        expect.arrayContaining(["sharpness_images", "frechet_tiny_vgg_samples"]),
      );
      for (const value of Object.values(figures).flat()) expect(value).toSatisfy(Number.isFinite);
      expect(left_out).toMatchObject({
        elbo: "came out as NaN",
        active_units: "came out as NaN",
        frechet_tiny_vgg_reconstructions: "came out as NaN",
        svm: "needs a finite z of every image, this model's is not",
        mig: "needs a finite z of every image, this model's is not",
      });
    } finally {
      await opened.close();
    }
  }, 60_000);

  it.runIf(allTests)(
    "leaves out what wants two dimensions of z where there is one, and ends with code 1 where it was named",
    async () => {
      const sets = ["--set", "model_params.latent_dim=1", "--set", "logging_params.name=flat"];
      await vae(["run", "--config", "tiny.yaml", "--quiet", ...sets], { cwd: root });
      const flat = join(root, "logs/flat/version_0");
      const { code, stdout, stderr } = await evaluate(flat, "--metrics", "factor_vae,mig", "--json");
      expect(stderr).toBe("--metrics mig: needs 2 dimensions of z or more, there is 1.\n");
      expect(code).toBe(1);
      expect(Object.keys(JSON.parse(stdout).figures)).toEqual(["factor_vae"]);
    },
    60_000,
  );

  it.runIf(allTests)(
    "leaves classes out where a folder gives one class, and says which folder",
    async () => {
      const names = Array.from({ length: 24 }, (_, i) => `pets/${i % 2 ? "cat" : "dog"}/${i}.png`);
      const files = await images(names);
      for (const [name, bytes] of Object.entries(files)) {
        mkdirSync(join(root, "photos", dirname(name)), { recursive: true });
        writeFileSync(join(root, "photos", name), bytes);
      }
      writeFileSync(
        join(root, "folder.yaml"),
        `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4]}
data_params: {name: image_folder, data_path: photos, label_from: folder, patch_size: 32, train_batch_size: 4, splits: {val: 0.2, test: 0.2}}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 2, latent_count: 0, name: folder}
`,
      );
      const trained = await vae(["run", "--config", "folder.yaml", "--quiet"], { cwd: root });
      expect([trained.code, trained.stderr]).toEqual([0, ""]);
      const folder = join(root, "logs/folder/version_0");
      const { code, stdout } = await evaluate(folder, "--draws", "2", "--json");
      expect(code).toBe(0);
      const { figures, left_out } = JSON.parse(stdout);
      expect(figures.svm).toBeUndefined();
      expect(left_out.svm).toMatch(
        /^needs two values or more of class, the training images \(\d+\) all have \S+, which is an image's first folder below data_path.*split_folders=always/,
      );
      const named = await evaluate(folder, "--metrics", "svm");
      expect(named.stderr).toMatch(/^--metrics svm: needs two values or more of class/);
      expect(named.code).toBe(2);
      const unlabelled = await evaluate(folder, "--metrics", "svm", "--set", "data_params.label_from=none");
      expect(unlabelled.stderr).toBe(
        "--metrics svm: needs labels, image_folder has none; --set data_params.label_from=folder takes them from sub-folders.\n",
      );
      const helped = await evaluate(
        folder,
        "--metrics",
        "svm",
        "--set",
        `data_params.data_path=${join(root, "photos/pets")}`,
      );
      const none = await evaluate(folder, "--split", "val", "--set", "data_params.splits.val=0");
      expect(none.stderr).toMatch(
        /^--split val: expected images, got none in this split of image_folder\. There are some in train \(\d+\), test/,
      );
      expect(none.code).toBe(1);
      expect(helped.stdout).toMatch(/^svm +(0|1|0\.\d+) +0 to 1 +higher$/m);
      expect(helped.stdout).toMatch(
        /^svm: trained on \d+ images of the train split, judged by those above$/m,
      );
    },
    90_000,
  );
});

it("says what is wrong with a name, a file or a split", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["--metrics", "elbow"], /expected some of elbo, .*got "elbow"\. Did you mean "elbo"\?/],
    [["--figures", "elbow"], /^note {3}--figures is named --metrics now\n--metrics: expected some of elbo/],
    [["--metrics", "elbo", "--figures", "mse"], /'--figures <names>' cannot be used with option '--metrics/],
    [["--metrics", "lpips"], /--metrics lpips: needs trained files: --lpips/],
    [["--metrics", "lpips", "--lpips", "vgg"], /--lpips: expected one of alex, vgg, squeeze, a file/],
    [["--network", "inception"], /--network: expected one of tiny_vgg, .*got "inception"/],
    [
      ["--metrics", "frechet", "--network", "vgg11_bn"],
      /vgg11_bn needs its weights.*vae networks fetch vgg11_bn/,
    ],
    [["--split", "tset"], /Allowed choices are train, val, test/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await evaluate(run, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  }
  expect(existsSync(join(root, "logs/none"))).toBe(false);
});
