import { Value } from "typebox/value";
import { expect, it } from "vitest";
import { FeatureNetworkSchema } from "../../src/features/schema.ts";

it.each([
  ["tiny_vgg", true],
  [{ name: "vgg19_bn", weights: "vgg19_bn.pth", normalize: "none" }, true],
  [{ name: "squeezenet1_0", weights: "random" }, true],
  [{ weights: "random" }, false],
  [{ name: "vgg19", weight: "random" }, false],
  [{ name: "vgg19", normalize: "bgr" }, false],
  [19, false],
])("feature_network %j: valid is %s", (value, valid) => {
  expect(Value.Check(FeatureNetworkSchema, value)).toBe(valid);
});
