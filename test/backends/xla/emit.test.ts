import { describe, expect, it } from "vitest";
import { convolution } from "../../../src/backends/xla/stablehlo/contract.ts";
import { add, binary, like, multiply } from "../../../src/backends/xla/stablehlo/elementwise.ts";
import { emitModule, type ModuleOptions } from "../../../src/backends/xla/stablehlo/emit.ts";
import { broadcastTo, reverse } from "../../../src/backends/xla/stablehlo/shape.ts";
import { Value } from "../../../src/backends/xla/stablehlo/value.ts";

const given = (shape: number[]) => new Value(shape, "float32", { host: new Float32Array() });
const [x, filter, bias] = [given([2, 8, 8, 3]), given([3, 3, 3, 4]), given([4])];
const window = {
  padding: [
    [1, 1],
    [1, 1],
  ],
} as const;
const dims = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]";
const convolved = (by = filter) => convolution(x, by, dims, [2, 8, 8, 4], window);
const relu = (v: Value) => binary("maximum", v, like(v, 0));
const biased = (v: Value) => add(v, broadcastTo(bias, v.shape));

const emit = (outputs: Value[], options: Partial<ModuleOptions> = {}) =>
  emitModule(outputs, {
    parameters: [x],
    leaf: () => "parameter",
    precision: "DEFAULT",
    bfloat16: true,
    ...options,
  });
/** Operations with the type of what they make, in order. */
const operations = (text: string) =>
  [...text.matchAll(/= "?stablehlo\.(\w+).*tensor<(?:\d+x)*(\w+)>$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );

describe("in bfloat16", () => {
  it("a convolution's bias and ReLU are of that type, so that cuDNN can do all three at once", () => {
    expect(operations(emit([relu(biased(convolved()))]).text)).toEqual([
      "convert bf16", // images
      "convert bf16", // filter
      "convolution bf16",
      "convert bf16", // bias
      "broadcast_in_dim bf16",
      "add bf16",
      "constant bf16",
      "maximum bf16",
      "convert f32",
    ]);
  });

  it("they are not where something else takes what lies between", () => {
    const sum = biased(convolved());
    const { text } = emit([relu(sum), sum]);
    expect(text).toMatch(/stablehlo\.add .*f32>/);
    expect(text).toMatch(/stablehlo\.maximum .*f32>/);
  });

  it("nor where no bias is added, but values of each place", () => {
    const { text } = emit([relu(add(convolved(), given([2, 8, 8, 4])))]);
    expect(text).toMatch(/stablehlo\.maximum .*f32>/);
  });
});

describe("what is computed of captured values alone", () => {
  it("becomes an argument: a filter cast once", () => {
    const { text, parameters } = emit([convolved()], { hold: "as it is" });
    expect(operations(text)).toEqual(["convert bf16", "convolution bf16", "convert f32"]);
    expect(parameters.map((v) => v.typeText)).toEqual(["tensor<2x8x8x3xf32>", "tensor<3x3x3x4xbf16>"]);
    expect(operations(emit([parameters[1]!], { parameters: [], bfloat16: false }).text)).toEqual([
      "convert bf16",
    ]);
  });

  it("has its last axis first, where it is a filter and the device takes it so", () => {
    const { text, parameters } = emit([convolved(multiply(filter, filter))], { hold: "filters first" });
    expect(parameters[1]!.typeText).toBe("tensor<4x3x3x3xbf16>");
    expect(operations(text)).toEqual(["convert bf16", "transpose bf16", "convolution bf16", "convert f32"]);
    const once = emit([parameters[1]!], { parameters: [], bfloat16: false }).text;
    expect(operations(once)).toEqual(["multiply f32", "convert bf16", "transpose bf16"]);
  });

  it("is computed at each step where it is larger than what it is made of, and where it is a reversed filter", () => {
    const spread = broadcastTo(bias, [2, 8, 8, 4]);
    const turned = convolved(reverse(filter, [0, 1]));
    const { text, parameters } = emit([add(turned, spread)], { hold: "as it is", bfloat16: false });
    expect(parameters.slice(1)).toEqual([filter, bias]);
    expect(operations(text)).toEqual(["reverse f32", "convolution f32", "broadcast_in_dim f32", "add f32"]);
  });

  it("is computed at each step where it takes an argument of the step too", () => {
    const { parameters } = emit([multiply(filter, filter)], { parameters: [filter], hold: "as it is" });
    expect(parameters).toEqual([filter]);
  });
});
