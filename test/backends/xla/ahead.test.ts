import { describe, expect, it } from "vitest";
import { compileAhead, h100, tpuV5e } from "../../../scripts/xla/compile_ahead.ts";
import { findPlugin, tellCuda } from "../../../src/backends/xla/plugins/index.ts";

/** Of machines with much else to do: libtpu takes minutes there. */
const MOST_MS = 600_000;

/** A convolution, its filter's gradient, and the filter that is replaced: what a training step is made of. */
const step = (type: string, devices = 1) => {
  const [x, w, y] = [
    `tensor<64x32x32x32x${type}>`,
    `tensor<3x3x32x64x${type}>`,
    `tensor<64x16x16x64x${type}>`,
  ];
  const attributes = "{batch_group_count = 1 : i64, feature_group_count = 1 : i64}";
  const whole = `mhlo.sharding = "{replicated}"`;
  const rows = `{mhlo.sharding = "{devices=[${devices},1,1,1]<=[${devices}]}"}`;
  return `module @step attributes {mhlo.num_partitions = ${devices} : i32} {
    func.func public @main(%w: ${w} {tf.aliasing_output = 0 : i32, ${whole}}, %x: ${x} ${rows})
        -> (${w} {${whole}}, ${y} ${rows}) {
      %y = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
        window = {stride = [2, 2], pad = [[1, 1], [1, 1]]} ${attributes} : (${x}, ${w}) -> ${y}
      %g = stablehlo.convolution(%x, %y) dim_numbers = [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f],
        window = {stride = [1, 1], pad = [[1, 0], [1, 0]], rhs_dilate = [2, 2]} ${attributes} : (${x}, ${y}) -> ${w}
      %n = stablehlo.subtract %w, %g : ${w}
      return %n, %y : ${w}, ${y}
    } }`;
};

const cuda = findPlugin("cuda");
describe.skipIf(cuda === undefined)("compiled for an H100 that is not here", () => {
  it.each(["f32", "bf16"])(
    "a step's convolutions in %s are cuDNN's, its state is written in place",
    async (type) => {
      tellCuda(cuda!);
      const { customCalls, aliases, memory } = await compileAhead(cuda!.file, h100(), step(type));
      expect(customCalls).toEqual({ __cudnn$convForward: 1, __cudnn$convBackwardFilter: 1 });
      expect(aliases).toBe(1);
      expect(memory.aliased).toBe(3 * 3 * 32 * 64 * (type === "f32" ? 4 : 2));
    },
    MOST_MS,
  );

  it("a step on two of them convolves half the batch on each, and sums once over them", async () => {
    const one = await compileAhead(cuda!.file, h100(), step("f32"));
    const two = await compileAhead(cuda!.file, h100(2), step("f32", 2), { devices: [0, 1] });
    expect(two.customCalls).toEqual(one.customCalls);
    expect((two.opcodes["all-reduce"] ?? 0) + (two.opcodes["all-reduce-start"] ?? 0)).toBe(1);
    expect(two.opcodes["all-gather"] ?? 0).toBe(0);
    expect(two.memory.arguments).toBeLessThan(0.6 * one.memory.arguments);
  });
});

const tpu = findPlugin("tpu");
describe.skipIf(tpu === undefined)("compiled for a TPU v5e that is not here", () => {
  it(
    "a step keeps its two convolutions, its state is written in place",
    async () => {
      const { opcodes, aliases, memory } = await compileAhead(tpu!.file, tpuV5e, step("bf16"));
      expect(opcodes.convolution).toBe(2);
      expect(aliases).toBe(1);
      expect(memory.aliased).toBeGreaterThanOrEqual(3 * 3 * 32 * 64 * 2);
    },
    MOST_MS,
  );

  it(
    "a step on four of them sums once over them",
    async () => {
      const { opcodes } = await compileAhead(tpu!.file, tpuV5e, step("f32", 4), { devices: [0, 1, 2, 3] });
      expect(opcodes.convolution).toBe(2);
      expect(opcodes["all-reduce"]).toBe(1);
      expect(opcodes["all-gather"] ?? 0).toBe(0);
    },
    MOST_MS,
  );
});
