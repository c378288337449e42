import { afterAll, beforeAll, expect, it } from "vitest";
import { describeTensorFlow } from "../../support/backends.ts";
import type { Task } from "../../support/rank_member.ts";
import { Members, worstMetric } from "../../support/ranks.ts";

/**
 * Largest difference of a metric in 20 steps, as a share of it: sums are added in another order. `scripts/ranks_agree.ts` holds
 * every variant to it.
 */
const MOST = 1e-4;
const LONG = 120_000;

/** Of each kind of term that asks for other ranks: sigma of the batch, a discriminator, code books, pairs, pseudo-inputs. */
const TASKS: readonly Task[] = [
  { variant: "VanillaVAE", convention: "elbo", steps: 20, batch: 8 },
  { variant: "FactorVAE", convention: "pixel_mean", steps: 20, batch: 8 },
  { variant: "VQVAE", convention: "pixel_mean", steps: 20, batch: 8 },
  { variant: "BetaTCVAE", convention: "elbo", steps: 20, batch: 8 },
  { variant: "VampVAE", convention: "pixel_mean", params: { num_components: 4 }, steps: 20, batch: 8 },
];
const SMALL: Task = { ...TASKS[0]!, steps: 3 };

describeTensorFlow("two processes that train together", () => {
  let one: Members;
  let two: Members;
  beforeAll(async () => {
    [one, two] = await Promise.all([Members.start(1), Members.start(2)]);
  });
  afterAll(() => {
    one.close();
    two.close();
  });

  it.each(TASKS)(
    "compute $variant's steps ($convention) as one does, both alike",
    async (task) => {
      const [[alone], [first, second]] = await Promise.all([one.take(task), two.take(task)]);
      expect(first!.compiled).toBe(true);
      expect(worstMetric(alone!.metrics, first!.metrics)).toSatisfy(({ off }) => off < MOST);
      expect(second).toEqual(first);
    },
    LONG,
  );

  it(
    "have the same bits in a second run",
    async () => {
      expect(await two.take(SMALL)).toEqual(await two.take(SMALL));
    },
    LONG,
  );

  it.each([
    ["op by op", { compile: false }],
    ["on several batches, with an average of the weights", { group: 2 }],
  ])(
    "compute steps %s as one does",
    async (_, how) => {
      const task = { ...SMALL, ...how };
      const [[alone], [first, second]] = await Promise.all([one.take(task), two.take(task)]);
      expect(worstMetric(alone!.metrics, first!.metrics)).toSatisfy(({ off }) => off < MOST);
      expect(second).toEqual(first);
    },
    LONG,
  );

  it(
    "are alike with batch norm by their own statistics, and then not what one is",
    async () => {
      const task = { ...SMALL, localBatchNorm: true };
      const [[alone], [first, second]] = await Promise.all([one.take(task), two.take(task)]);
      expect(second).toEqual(first);
      expect(worstMetric(alone!.metrics, first!.metrics).off).toBeGreaterThan(10 * MOST);
    },
    LONG,
  );

  it.each(["wholeBatch", "meanOverRanks", "ownRows", "batchNorm"] as const)(
    "have the gradient of %s through both",
    async (gradient) => {
      for (const { byTape, byDifferences } of await two.take({ gradient })) {
        const largest = Math.max(...byDifferences.map(Math.abs));
        byTape.forEach((slope, i) => {
          expect(Math.abs(slope - byDifferences[i]!) / largest).toBeLessThan(3e-3);
        });
        expect(largest).toBeGreaterThan(0.1);
      }
    },
    LONG,
  );

  it("say where pseudo-inputs can't be shared out", async () => {
    const task = { ...TASKS[4]!, params: { num_components: 3 } };
    await expect(two.take(task)).rejects.toThrow(
      "model_params.num_components: expected a multiple of 2, since so many processes train together, got 3. Take 4.",
    );
  });
});
