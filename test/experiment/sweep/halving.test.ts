import { describe, expect, it } from "vitest";
import { leastRuns, nextJob, rungsOf, type Standing } from "../../../src/experiment/sweep/halving.ts";

/** Runs ASHA with workers that take as long as a job has steps, on runs whose costs are known. */
function simulate(
  costs: readonly number[],
  { eta, rungs, workers }: { eta: number; rungs: number[]; workers: number },
) {
  const reached = costs.map(() => 0);
  const sent = costs.map(() => -1);
  const busy: { run: number; rung: number; until: number }[] = [];
  const order: string[] = [];
  for (let now = 0; ; ) {
    const standings = costs.map(
      (cost, i): Standing => ({ costs: Array(reached[i]!).fill(cost), sentTo: sent[i]! }),
    );
    const job = busy.length < workers ? nextJob(standings, { eta, rungs: rungs.length }) : undefined;
    if (job !== undefined) {
      const from = job.rung === 0 ? 0 : rungs[job.rung - 1]!;
      sent[job.run] = job.rung;
      order.push(`${job.run}@${rungs[job.rung]}`);
      busy.push({ ...job, until: now + rungs[job.rung]! - from });
      continue;
    }
    if (busy.length === 0) return { order, reached: reached.map((n) => rungs[n - 1] ?? 0) };
    busy.sort((a, b) => a.until - b.until);
    const done = busy.shift()!;
    now = done.until;
    reached[done.run] = done.rung + 1;
  }
}

it("rungs are r eta^k, and the end", () => {
  expect(rungsOf({ first: 50, eta: 3 }, 450)).toEqual([50, 150, 450]);
  expect(rungsOf({ first: 50, eta: 3 }, 1000)).toEqual([50, 150, 450, 1000]);
  expect(rungsOf({ first: 5, eta: 2 }, 6)).toEqual([5, 6]);
  expect(leastRuns(3, 3)).toBe(9);
});

describe("one worker", () => {
  it("promotes whoever is in the best 1 / eta of a rung, from the highest rung on, else starts the next", () => {
    const { order, reached } = simulate([5, 1, 4, 3, 9, 8, 2, 7, 6], {
      eta: 3,
      rungs: [1, 3, 9],
      workers: 1,
    });
    expect(order).toEqual(
      // The best of three is 1; the best two of six are 1 and 3, of seven 1 and 6; 1 is the best of the three on rung 3.
      "0@1 1@1 2@1 1@3 3@1 4@1 5@1 3@3 6@1 6@3 1@9 7@1 8@1".split(" "),
    );
    expect(reached).toEqual([1, 9, 1, 3, 1, 1, 3, 1, 1]);
  });

  it("brings a run to the end where there are as many as it takes, whatever their order", () => {
    for (const costs of [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
      [2, 4, 1, 3],
    ])
      expect(Math.max(...simulate(costs, { eta: 2, rungs: [1, 2, 4], workers: 1 }).reached)).toBe(4);
  });
});

it("several workers are never idle while a run is left to start", () => {
  const { order, reached } = simulate([3, 1, 2, 4], { eta: 2, rungs: [2, 4], workers: 2 });
  expect(order.slice(0, 2)).toEqual(["0@2", "1@2"]);
  expect(reached[1]).toBe(4);
});

it("goes on with neither what failed nor what is not a number, which counts in its rung all the same", () => {
  const at = (cost: number, failed = false): Standing => ({ costs: [cost], sentTo: 0, failed });
  const how = { eta: 2, rungs: 2 };
  expect(nextJob([at(Number.NaN), at(5)], how)).toEqual({ run: 1, rung: 1 });
  expect(nextJob([at(Number.NaN), at(Number.NaN)], how)).toBeUndefined();
  expect(nextJob([at(1, true), at(2), at(3), at(4)], how)).toEqual({ run: 1, rung: 1 });
  expect(nextJob([{ costs: [], sentTo: -1, failed: true }], how)).toBeUndefined();
  expect(nextJob([at(1), at(1)], how)).toEqual({ run: 0, rung: 1 });
});
