import { beforeAll, expect, it } from "vitest";
import { readProgram } from "../../../scripts/xla/hlo.ts";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { stepCompiler } from "../../../src/backends/xla/compile.ts";
import { openCudnn } from "../../../src/backends/xla/open_cudnn.ts";
import { registerXla, type Xla } from "../../../src/backends/xla/register.ts";
import type { Stepper } from "../../../src/experiment/training/stepper.ts";
import { tf } from "../../../src/tf.ts";
import { compileQuickly } from "../../support/backends.ts";
import { host } from "../../support/steps.ts";
import { compiledVariants } from "../../support/variants.ts";
import { describeXla } from "./pjrt/plugin.ts";
import { smallModel, stateOf, stepperOf, train, worstOf } from "./training.ts";

let xla: Xla;
/**
 * Largest difference of a metric of the first step, as a share of it: sums are added in another order; most of differences
 * of logarithms.
 */
const FIRST = 2e-5;
/** And of the next two, to which batch norm of four images and Adam have carried it; DFCVAE's was 4e-4. */
const LATER = 1e-3;
/**
 * Largest distance of a variable after three steps, as a share of its length: Adam enlarges gradients that are all rounding.
 */
const STATE = 1e-3;
/** Milliseconds to compile a step on a machine that has much else to do. */
const LONG = 240_000;

/** The first on four devices, a row of the batch on each. */
const VARIANTS = compiledVariants.map((name, i): [string, number] => [name, i === 0 ? 4 : 2]);

compileQuickly();

describeXla("a step on several devices", () => {
  beforeAll(() => {
    xla = registerXla({ platform: "cpu", clientOptions: { cpu_device_count: 4 } });
  });

  it("is preceded on each of them by a convolution that opens cuDNN, which leaves nothing", () => {
    const { client } = xla;
    const before = [client.executables, client.buffers];
    openCudnn(client, client.devices);
    expect([client.executables, client.buffers]).toEqual(before);
  });

  it.each(VARIANTS)(
    "of %s on %i has the metrics of the whole batch on one, by sums over the devices",
    async (name, devices) => {
      await useBackend("wasm");
      const reference = await train(stepperOf(await smallModel(name), name), 3);
      await useBackend("xla:cpu");
      const several = stepperOf(await smallModel(name), name, { compiler: xla.compiler, devices });
      const metrics = await train(several, 3);
      expect(several.compiled).toBe(true);
      expect(worstOf(reference.slice(0, 1), metrics)).toBeLessThan(FIRST);
      expect(worstOf(reference, metrics)).toBeLessThan(LATER);
    },
    LONG,
  );

  it(
    "computes on half the batch on each of two, and leaves the same state on both",
    async () => {
      await useBackend("xla:cpu");
      const programOf = async (devices: number) => {
        let text = "";
        const compiler = stepCompiler(xla.backend, {
          onStep: (given) => {
            text = given;
          },
        });
        const stepper = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", { compiler, devices });
        await train(stepper, 3);
        const state = stateOf(stepper);
        const executable = xla.client.compileSync(text, { devices: [0, 1].slice(0, devices) });
        const { temporary } = executable.memory;
        const { opcodes } = readProgram(executable.optimizedProgram());
        executable.destroy();
        return { opcodes, temporary, stepper, state };
      };
      const [one, two] = [await programOf(1), await programOf(2)];
      expect(one.opcodes["all-reduce"]).toBeUndefined();
      expect(two.opcodes["all-reduce"]).toBeGreaterThan(0);
      expect(two.opcodes["all-gather"]).toBeUndefined();
      expect(two.temporary).toBeLessThan(0.7 * one.temporary);
      for (const variable of two.stepper.variables) {
        const [first, second] = xla.backend.value(variable).buffers.map((buffer) => buffer.readSync());
        expect(second).toEqual(first);
      }
      two.state.forEach((values, i) => {
        expect(apart(one.state[i]!, values), `variable ${i}`).toBeLessThan(STATE);
      });
      // What two have trained is trained on by one.
      assign(one.stepper, two.state);
      const [alone, together] = [
        await train(one.stepper, 1, { from: 3 }),
        await train(two.stepper, 1, { from: 3 }),
      ];
      expect(worstOf(together, alone)).toBeLessThan(LATER);
    },
    LONG,
  );

  it(
    "takes what is assigned to a variable, and keeps neither tensors nor buffers",
    async () => {
      await useBackend("xla:cpu");
      const two = stepperOf(await smallModel("VanillaVAE"), "VanillaVAE", {
        compiler: xla.compiler,
        devices: 2,
      });
      const first = await train(two, 3);
      const saved = stateOf(two);
      const next = await train(two, 3, { from: 3 });
      assign(two, saved);
      const counts = () => [tf.memory().numTensors, xla.client.buffers, xla.client.executables];
      expect(await train(two, 3, { from: 3 })).toEqual(next);
      const before = counts();
      await train(two, 50, { from: 6, batch: (step) => host(step % 3) });
      expect(counts()).toEqual(before);
      expect(first).toHaveLength(3);
    },
    LONG,
  );
});

function assign(stepper: Stepper, state: readonly Float32Array[]): void {
  stepper.variables.forEach((variable, i) => {
    const value = tf.tensor(state[i]!, variable.shape);
    variable.assign(value);
    value.dispose();
  });
}

/** |a - b| / |a|. */
function apart(a: Float32Array, b: Float32Array): number {
  const length = (values: Float32Array) => Math.hypot(...values);
  return length(a.map((value, i) => value - b[i]!)) / Math.max(1e-12, length(a));
}
