import { expect, it } from "vitest";
import { betterOf, metricOf, metrics } from "../../src/metrics/table.ts";

it("says of each number which way is better, with or without the group it is logged in", () => {
  const expected = {
    psnr: "higher",
    "val/psnr": "higher",
    "val/elbo": "higher",
    "val/bits_per_dim": "lower",
    "val/objective": "lower",
    "train/total": "lower",
    "val/active_units": "higher",
    kl: "neither",
    svm_floor_hue: "higher",
    frechet_squeezenet1_0_samples: "lower",
    frechet_squeezenet1_0_samples_gmm: "lower",
    sharpness_samples_two_stage: "images",
    perceptual_vgg16: "lower",
    sharpness_samples: "images",
    sharpness_images: "neither",
    perplexity: "higher",
    features_relu1_1: "neither", // unknown
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, betterOf(name)]))).toEqual(expected);
});

it("takes a loss term for one to be minimized, but for those that it knows otherwise", () => {
  expect(betterOf("val/features", ["features", "kl"])).toBe("lower");
  expect(betterOf("features")).toBe("neither");
  expect(betterOf("kl", ["features", "kl"])).toBe("neither");
});

it("says how each number is computed, in a sentence that has no more names than tables show", () => {
  for (const [name, { computed, unit }] of Object.entries(metrics)) {
    expect(computed.length, name).toBeGreaterThan(15);
    expect(unit.length, name).toBeLessThan(11);
  }
  expect(metricOf("constructor")).toBeUndefined();
  expect(metricOf("svm_")).toBeUndefined();
  expect(metricOf("codes_used")).toMatchObject({ unit: "", computed: expect.stringMatching(/^share of/) });
});
