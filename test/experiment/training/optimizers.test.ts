import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { ExpParams } from "../../../src/config/schema.ts";
import { createOptimizer } from "../../../src/experiment/training/optimizers.ts";
import { learningRate, weightAt } from "../../../src/experiment/training/schedules.ts";
import { inputsAt } from "../../../src/experiment/training/step_inputs.ts";
import { Rng } from "../../../src/rng.ts";
import { tf } from "../../../src/tf.ts";
import { trainingBackends } from "../../support/backends.ts";

const exp = (over: Partial<ExpParams>): ExpParams =>
  ({
    LR: 0.1,
    weight_decay: 0,
    optimizer: "adam",
    betas: [0.9, 0.999],
    eps: 1e-8,
    momentum: 0,
    scheduler: "none",
    scheduler_step_size: 1,
    min_lr: 0,
    lr_warmup_steps: 0,
    manual_seed: 1,
    ...over,
  }) as ExpParams;

/**
 * Values of torch 2.x for p = [1, -2], gradients [0.5, -1] + 0.1 t at t = 0, 1, 2, lr 0.1, computed here by the
 * formulas in torch's documentation, in float64.
 */
function reference(e: ExpParams): number[] {
  const p = [1, -2];
  const m = [0, 0];
  const v = [0, 0];
  for (let t = 1; t <= 3; t++) {
    for (let i = 0; i < 2; i++) {
      let g = [0.5, -1][i]! + 0.1 * (t - 1);
      if (e.optimizer === "adamw") p[i]! *= 1 - 0.1 * e.weight_decay;
      else g += e.weight_decay * p[i]!;
      if (e.optimizer === "sgd") {
        m[i] = e.momentum * m[i]! + g;
        p[i]! -= 0.1 * m[i]!;
        continue;
      }
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      p[i]! -= (0.1 * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return p;
}

describe.each(["cpu", ...trainingBackends])("optimizers on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each([
    exp({}),
    exp({ weight_decay: 0.1 }),
    exp({ optimizer: "adamw", weight_decay: 0.1 }),
    exp({ optimizer: "sgd" }),
    exp({ optimizer: "sgd", momentum: 0.9, weight_decay: 0.1 }),
  ])("$optimizer with weight_decay $weight_decay, momentum $momentum follows torch's formulas", (e) => {
    const p = tf.variable(tf.tensor1d([1, -2]));
    const optimizer = createOptimizer(e, new Map([["p", p]]));
    for (let step = 0; step < 3; step++) {
      const at = inputsAt({ step, lr: 0.1, rng: Rng.fromSeed(0) });
      optimizer.apply(new Map([["p", tf.add(tf.tensor1d([0.5, -1]), 0.1 * step)]]), at);
    }
    for (const [i, want] of reference(e).entries()) expect(p.dataSync()[i]).toBeCloseTo(want, 5);
  });
});

describe("schedules", () => {
  const at = (step: number, epoch: number) => ({ step, epoch, totalSteps: 100 });

  it("follow their formulas", () => {
    expect(learningRate(exp({ scheduler: "exponential", scheduler_gamma: 0.95 }), at(0, 3))).toBeCloseTo(
      0.1 * 0.95 ** 3,
      12,
    );
    expect(learningRate(exp({ scheduler: "exponential", scheduler_gamma: null }), at(0, 3))).toBe(0.1);
    const step = exp({ scheduler: "step", scheduler_gamma: 0.1, scheduler_step_size: 2 });
    expect([0, 1, 2, 4].map((e) => learningRate(step, at(0, e)))).toEqual([
      0.1,
      0.1,
      0.1 * 0.1,
      0.1 * 0.1 ** 2,
    ]);
    const cosine = exp({ scheduler: "cosine", min_lr: 0.02 });
    expect([0, 50, 100, 200].map((s) => Number(learningRate(cosine, at(s, 0)).toFixed(9)))).toEqual([
      0.1, 0.06, 0.02, 0.02,
    ]);
    expect(learningRate(exp({ lr_warmup_steps: 10 }), at(4, 0))).toBeCloseTo(0.05, 12);
  });

  it("raise a loss weight in a straight line, from its start to its value", () => {
    const weight = { value: 2, start: 1, warmup_steps: 10 };
    expect([0, 5, 10, 99].map((s) => weightAt(weight, s, 1))).toEqual([1, 1.5, 2, 2]);
    expect(weightAt(3, 0, 1)).toBe(3);
  });
});
