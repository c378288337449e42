import { describe, expect, it } from "vitest";
import { ConfigError, DataError } from "../../src/errors.ts";
import { attributeVector } from "../../src/explore/attribute.ts";

/** Four images: z, and whether they smile (CelebA's 1 and -1) and their class. */
const faces = {
  count: 4,
  mean: Float32Array.of(1, 0, 3, 0, 0, 2, 0, 4),
  labels: Float32Array.of(1, 7, 1, 8, -1, 9, -1, 7),
  labelNames: ["Smiling", "class"],
};

describe("the vector of an attribute", () => {
  it("is the mean of z with it minus the mean without", () => {
    const { direction, having, lacking } = attributeVector(faces, "Smiling");
    expect([...direction]).toEqual([2, -3]);
    expect([having, lacking]).toEqual([2, 2]);
  });

  it("is of one value where a label has many", () => {
    const { direction, having, lacking } = attributeVector(faces, "class=7");
    expect([having, lacking]).toEqual([2, 2]);
    expect([...direction]).toEqual([0.5 - 1.5, 2 - 1]);
    expect([...attributeVector(faces, "Smiling=-1").direction]).toEqual([-2, 3]);
  });

  it.each([
    ["Smilling", ConfigError, /expected one of Smiling, class, got "Smilling"\. Did you mean "Smiling"\?/],
    ["class", ConfigError, /Say class=VALUE, one of 7, 8, 9/],
    ["class=3", ConfigError, /expected class to be one of 7, 8, 9, got "3"/],
  ])("of %s is refused by a sentence", (attribute, kind, message) => {
    const make = () => attributeVector(faces, attribute);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });

  it("is found by a value's name, and by its number where no value has that name", () => {
    const named = { ...faces, valueNames: [undefined, [..."abcdefg", "cat", "9", "dog"]] };
    const expected = attributeVector(faces, "class=7").direction;
    for (const attribute of ["class=cat", "cat", "class=7"])
      expect(attributeVector(named, attribute).direction, attribute).toEqual(expected);
    // A folder may be named as another's number.
    expect(attributeVector(named, "class=9").direction).toEqual(attributeVector(faces, "class=8").direction);
    expect(() => attributeVector(named, "class=dogg")).toThrow(
      /expected class to be one of cat, 9, dog, got "dogg"\. Did you mean "dog"\?/,
    );
    expect(() => attributeVector(named, "catt")).toThrow(/got "catt"\. Did you mean "cat"\?/);
  });

  it("needs labels, and images of both kinds", () => {
    const { labels, ...without } = faces;
    expect(() => attributeVector(without, "Smiling")).toThrow(DataError);
    const alike = { ...faces, labels: labels.map(() => 1) };
    expect(() => attributeVector(alike, "Smiling")).toThrow(/got 4 with and 0 without/);
  });
});
