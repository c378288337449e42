import { describe, expect, it } from "vitest";
import { type Compiled, compileAhead, h100, tpuV5e } from "../../../scripts/xla/compile_ahead.ts";
import { firstProgram } from "../../../scripts/xla/step_program.ts";
import { findPlugin, tellCuda, type XlaPlatform } from "../../../src/backends/xla/plugins/index.ts";
import { modelNames } from "../../../src/models/registry.ts";
import { bytesText } from "../../../src/text/numbers.ts";
import { host } from "../../support/steps.ts";
import { cpuPlugin } from "./pjrt/plugin.ts";
import { rateAt, smallModel, stepperOf } from "./training.ts";

type Precision = "float32" | "bfloat16";

/** Of every variant, with images of 32x32. The plugin for CPUs has to be there to trace a step, and compiles nothing. */
const STEPS = modelNames().flatMap((name): [string, Precision][] => [
  [name, "float32"],
  [name, "bfloat16"],
]);
const BATCH = 16;
/** Of machines with much else to do: libtpu takes minutes there. */
const MOST_MS = 1_200_000;

const [cuda, tpu] = [findPlugin("cuda"), findPlugin("tpu")];

describe.skipIf(cpuPlugin === undefined || cuda === undefined)(
  "compiled for an H100 that is not here",
  () => {
    it.each(STEPS)(
      "the step of %s in %s has each convolution as a call of cuDNN, and its state is written in place",
      async (variant, precision) => {
        tellCuda(cuda!);
        const text = await textOf("cuda", variant, precision);
        const compiled = await compileAhead(cuda!.file, h100(), text);
        const calls = Object.entries(compiled.customCalls).filter(([name]) =>
          name.startsWith("__cudnn$conv"),
        );
        const convolutions = calls.reduce((sum, [, count]) => sum + count, 0);
        tell([variant, "H100", precision], `${convolutionsOf(text, precision)}, ${convolutions}`, compiled);
        expect(compiled.opcodes.convolution ?? 0).toBe(0);
        expect(convolutions).toBe(convolutionsOf(text, precision));
        expectInPlace(text, compiled);
      },
      MOST_MS,
    );
  },
);

describe.skipIf(cpuPlugin === undefined || tpu === undefined)(
  "compiled for a TPU v5e that is not here",
  () => {
    it.each(modelNames())(
      "the step of %s in bfloat16 keeps its convolutions, and its state is written in place",
      async (variant) => {
        const text = await textOf("tpu", variant, "bfloat16");
        const compiled = await compileAhead(tpu!.file, tpuV5e, text);
        tell([variant, "TPU v5e", "bfloat16"], `${convolutionsOf(text, "bfloat16")}`, compiled);
        expect(compiled.opcodes.convolution).toBeGreaterThanOrEqual(convolutionsOf(text, "bfloat16")); // products too
        expectInPlace(text, compiled);
      },
      MOST_MS,
    );
  },
);

/** A row of the table in docs/xla.md. */
function tell(what: readonly string[], convolutions: string, { seconds, aliases, memory }: Compiled): void {
  const row = [...what, seconds.toFixed(0), convolutions, aliases, bytesText(memory.total)];
  console.log(`| ${row.join(" | ")} |`);
}

/** A training step as StableHLO. */
const textOf = (platform: XlaPlatform, variant: string, precision: Precision): Promise<string> =>
  firstProgram(platform, async ({ compiler }) => {
    const stepper = stepperOf(await smallModel(variant), variant, { compiler, precision });
    await stepper.run(host(0, BATCH), 0, rateAt(0));
  });

/** How many a step has, all in its precision. */
function convolutionsOf(text: string, precision: Precision): number {
  const lines = text.split("\n").filter((line) => line.includes("stablehlo.convolution("));
  const type = { float32: /xf32>/, bfloat16: /xbf16>/ }[precision];
  for (const line of lines) expect(line).toMatch(type);
  expect(lines.length).toBeGreaterThan(0);
  return lines.length;
}

/** Every parameter, running statistic and optimizer's value that a step replaces takes the old one's memory. */
function expectInPlace(text: string, { aliases, memory }: Compiled): void {
  const replaced = [...text.matchAll(/tensor<(?:([\dx]+)x)?f32> \{tf\.aliasing_output/g)];
  const bytes = replaced.map(([, dims]) => 4 * (dims ?? "1").split("x").reduce((n, d) => n * Number(d), 1));
  expect(replaced.length).toBeGreaterThan(0);
  expect(aliases).toBe(replaced.length);
  expect(memory.aliased).toBeGreaterThanOrEqual(bytes.reduce((a, b) => a + b));
}
