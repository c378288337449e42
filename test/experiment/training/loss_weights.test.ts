import { expect, it } from "vitest";
import type { LossWeight } from "../../../src/config/schema.ts";
import { idleTerms, neverRisen, weightsAtEnd } from "../../../src/experiment/training/loss_weights.ts";
import { weightAt } from "../../../src/experiment/training/schedules.ts";

it("a weight rests for its delay, rises over its warm-up and stays", () => {
  const at = (weight: LossWeight, steps: number[]) => steps.map((step) => weightAt(weight, step, 20));
  const weight = { value: 3, start: 1, delay_steps: 4, warmup_steps: 4 };
  expect(at(weight, [0, 3, 4, 5, 6, 8, 9])).toEqual([1, 1, 1, 1.5, 2, 3, 3]);
  expect(at({ ...weight, delay_steps: 0.2, warmup_steps: 0.2 }, [3, 5, 6, 8])).toEqual([1, 1.5, 2, 3]); // of 20
  expect(at({ value: 2, delay_steps: 3 }, [0, 2, 3, 4])).toEqual([0, 0, 2, 2]);
  expect(at({ value: 2, warmup_steps: 2 }, [0, 1, 2])).toEqual([0, 1, 2]);
});

it("a term is idle where it rests at nothing, not where its rise begins with the first step", () => {
  const weights = (step: number) => ({
    off: 0,
    on: 1,
    rising: weightAt({ value: 1, warmup_steps: 5 }, step, 20),
    late: weightAt({ value: 1, delay_steps: 3, warmup_steps: 5 }, step, 20),
    sudden: weightAt({ value: 1, delay_steps: 3 }, step, 20),
  });
  const idle = [0, 1, 2, 3, 4].map((step) => [...idleTerms(weights, step)]);
  const rest = ["off", "late", "sudden"];
  expect(idle).toEqual([rest, rest, rest, ["off", "late"], ["off"]]);
  expect([...idleTerms(weightsAtEnd(weights), 0)]).toEqual(["off"]);
});

it("a weight that the run ends before is told", () => {
  const told = (features: LossWeight) => neverRisen({ loss_weights: { features } }, 20);
  expect(told({ value: 1, delay_steps: 20, warmup_steps: 5 })).toEqual([
    "exp_params.loss_weights.features: stays 0, for its delay_steps, 20, are no fewer than the run's steps, 20. Lower " +
      "them, or give a share of the run: 0.8.",
  ]);
  for (const rises of [
    { value: 1, delay_steps: 19 },
    { value: 1, delay_steps: 0.9 },
    { value: 1, warmup_steps: 99 },
    0,
  ])
    expect(told(rises)).toEqual([]);
});
