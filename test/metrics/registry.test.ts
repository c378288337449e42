import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import type { JudgeOptions } from "../../src/metrics/define.ts";
import { metricDefinitions, metricNamed, pictureMetrics } from "../../src/metrics/registry.ts";
import { metricOf, metrics } from "../../src/metrics/table.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { formula } from "../support/formula.ts";

beforeAll(async () => void (await useBackend("cpu")));

const options: JudgeOptions = { network: { name: "tiny_vgg" }, lpips: undefined, baseDir: "." };
const setup = { imageShape: [16, 16, 3] as const, options };
const pictures = (t: number) => tf.tensor4d(Float32Array.from(formula(4 * 768, t)), [4, 16, 16, 3]);
const possible = pictureMetrics.filter((metric) => metric.missing?.(setup) === undefined);

it("has each name once, and in the table what its numbers say, with a target that is there", () => {
  const names = metricDefinitions.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const declared = metricDefinitions.flatMap(({ numbers }) => Object.entries(numbers));
  for (const [name, number] of declared) {
    expect(metrics[name]).toBe(number);
    expect(number.better === "images", name).toBe(number.target !== undefined);
    if (number.target !== undefined) expect(metrics).toHaveProperty(number.target);
  }
  expect(declared.length).toBe(new Set(declared.map(([name]) => name)).size);
});

it("suggests a metric by the name that people know it by", () => {
  expect(() => metricNamed("fid")).toThrow(/Did you mean "frechet"/);
  expect(() => metricNamed("nll")).toThrow(/Did you mean "log_likelihood"/);
});

describe.each(possible)("$name of pictures", (metric) => {
  const see = async (recons: (images: Tensor4D) => Tensor4D, samples: boolean) => {
    const observer = await metric.open(setup);
    try {
      tf.tidy(() => {
        for (const t of [1, 2]) observer.pairs(pictures(t), recons(pictures(t)));
        if (samples) observer.samples?.(pictures(3));
      });
      return observer.numbers() as Readonly<Record<string, number>>;
    } finally {
      observer.dispose?.();
    }
  };
  const blend = (share: number) => (images: Tensor4D) =>
    tf.add<Tensor4D>(tf.mul(1 - share, images), tf.mul(share, pictures(4)));

  it("gives the numbers that it declares, those of samples where there are some", async () => {
    for (const samples of [true, false]) {
      const found = await see(blend(0.3), samples);
      for (const [name, value] of Object.entries(found)) {
        expect(Object.values(metric.numbers)).toContain(metricOf(name));
        expect(value, name).toSatisfy(Number.isFinite);
      }
      const ofSamples = samples && Object.keys(metric.numbers).some((name) => name.endsWith("_samples"));
      expect(Object.keys(found).some((name) => name.endsWith("_samples"))).toBe(ofSamples);
    }
  });

  it("says better of reconstructions that are nearer to the images", async () => {
    const [near, far] = [await see(blend(0.1), false), await see(blend(0.6), false)];
    for (const [name, { better, target }] of Object.entries(near).map(([n]) => [n, metricOf(n)!] as const)) {
      if (better === "higher") expect(near[name]!, name).toBeGreaterThan(far[name]!);
      if (better === "lower") expect(near[name]!, name).toBeLessThan(far[name]!);
      if (better === "images")
        expect(Math.abs(near[name]! - near[target!]!)).toBeLessThan(Math.abs(far[name]! - far[target!]!));
    }
  });
});
