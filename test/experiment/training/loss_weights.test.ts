import { expect, it } from "vitest";
import { idleTerms, weightsAtEnd } from "../../../src/experiment/training/loss_weights.ts";
import { weightAt } from "../../../src/experiment/training/schedules.ts";

it("a weight rests for its delay, rises over its warm-up and stays", () => {
  const weight = { value: 3, start: 1, delay_steps: 4, warmup_steps: 4 };
  expect([0, 3, 4, 5, 6, 8, 9].map((step) => weightAt(weight, step))).toEqual([1, 1, 1, 1.5, 2, 3, 3]);
  const jump = { value: 2, delay_steps: 3 };
  expect([0, 2, 3, 4].map((step) => weightAt(jump, step))).toEqual([0, 0, 2, 2]);
  expect([0, 1, 2].map((step) => weightAt({ value: 2, warmup_steps: 2 }, step))).toEqual([0, 1, 2]);
});

it("a term is idle where it rests at nothing, not where its rise begins with the first step", () => {
  const weights = (step: number) => ({
    off: 0,
    on: 1,
    rising: weightAt({ value: 1, warmup_steps: 5 }, step),
    late: weightAt({ value: 1, delay_steps: 3, warmup_steps: 5 }, step),
    sudden: weightAt({ value: 1, delay_steps: 3 }, step),
  });
  const idle = [0, 1, 2, 3, 4].map((step) => [...idleTerms(weights, step)]);
  const rest = ["off", "late", "sudden"];
  expect(idle).toEqual([rest, rest, rest, ["off", "late"], ["off"]]);
  expect([...idleTerms(weightsAtEnd(weights), 0)]).toEqual(["off"]);
});
