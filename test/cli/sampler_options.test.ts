import { expect, it } from "vitest";
import { givenOptions } from "../../src/cli/sampler_options.ts";
import { samplerNamed } from "../../src/samplers/registry.ts";

const given = (names: readonly string[], options: Record<string, unknown>) =>
  [...givenOptions(names.map(samplerNamed), options)].map(([{ name }, values]) => [name, values]);

it("gives each option to the samplers that take it", () => {
  const options = { components: "20", epochs: "5", learningRate: "1e-4", batchSize: "64", seed: 3 };
  expect(given(["gmm", "flow"], options)).toEqual([
    ["gmm", { components: 20 }],
    ["flow", { epochs: 5, learning_rate: 1e-4, batch_size: 64 }],
  ]);
});

it.each([
  [
    ["flow"],
    { components: "3" },
    "--components: expected an option of --sampler flow, got one of gmm. Leave it out.",
  ],
  [
    ["gmm"],
    { width: "3" },
    "--width: expected an option of --sampler gmm, got one of flow, two_stage, pixel_cnn. Leave it out.",
  ],
  [["gmm"], { components: "0" }, '--components: expected an integer from 1 to 1000, got "0".'],
  [["gmm"], { components: "" }, '--components: expected an integer from 1 to 1000, got "".'],
  [["flow"], { learningRate: "x" }, '--learning-rate: expected a number above 0, at most 1, got "x".'],
] as const)("refuses for %j the options %j", (names, options, message) => {
  expect(() => given(names, options)).toThrow(message);
});
