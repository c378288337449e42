import { expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { givenLabels } from "../../src/explore/given_labels.ts";
import type { VAE } from "../../src/models/vae.ts";

/** A model that takes a class out of three, and a number of another kind. */
const model = {
  labels: {
    all: [
      { name: "size" },
      { name: "class", values: 3, valueNames: ["10", "a=b", "cat"] },
      { name: "shape", values: 2 },
    ],
    used: [1, 2],
  },
} as unknown as VAE;

it("--label takes a value by its name, and by its number where no value has that name", () => {
  expect(givenLabels(model, ["class=cat", "shape=1"])).toEqual(
    new Map([
      [1, 2],
      [2, 1],
    ]),
  );
  expect(givenLabels(model, ["class=a=b"])).toEqual(new Map([[1, 1]]));
  expect(givenLabels(model, ["class=10"])).toEqual(new Map([[1, 0]])); // a folder of that name
  expect(givenLabels(model, ["class=2"])).toEqual(new Map([[1, 2]]));
  for (const wrong of ["class=catt", "class=3", "class"])
    expect(() => givenLabels(model, [wrong])).toThrow(ConfigError);
  expect(() => givenLabels(model, ["class=catt"])).toThrow(
    /expected class to be 0 to 2, or one of 10, a=b, cat, got "catt"\. Did you mean "cat"\?/,
  );
});
