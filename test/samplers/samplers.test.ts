import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { Rng } from "../../src/rng.ts";
import { drawCodes, type LatentCodes, someCodes, unitGaussianLogProb } from "../../src/samplers/codes.ts";
import type { LatentDensity, LatentSampler } from "../../src/samplers/define.ts";
import { samplerNamed, samplerNames, samplers } from "../../src/samplers/registry.ts";
import { tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { codesOf, meanOf } from "./codes.ts";

const densities = samplers.filter((sampler): sampler is LatentSampler => sampler.kind === "density");
/** Small ones that are fitted fast. */
const SMALL = { components: 3, width: 32, blocks: 3, epochs: 30, batch_size: 64, learning_rate: 0.01 };

const optionsOf = ({ options }: LatentSampler, given: Record<string, number> = SMALL) => {
  const fitting = Object.entries(given).filter(([key]) => key in options.properties);
  return Value.Default(options, Object.fromEntries(fitting)) as never;
};

async function fit(sampler: LatentSampler, codes: LatentCodes, seed = 0) {
  const heldOut = drawCodes(
    someCodes(
      codes,
      Int32Array.from({ length: 10 }, (_, i) => i),
    ),
    Rng.fromSeed(0),
  );
  return sampler.fit(codes, heldOut, optionsOf(sampler), { rng: Rng.fromSeed(seed) });
}

/** What a density draws by a seed, packed [count, D]. */
const drawn = (density: LatentDensity, count: number, seed: number) =>
  tf.tidy(() => density.sample(count, Rng.fromSeed(seed)).dataSync());

/** Correlated, far from 0 and of unlike scales. */
const correlated = (seed: number) =>
  codesOf(1000, 3, ([a, b, c]) => [2 + 3 * a!, 2 + 3 * (0.95 * a! + 0.3 * b!), 0.2 * (c! - 0.9 * a!)], seed);

for (const backend of trainingBackends) {
  describe.each(densities.map((sampler) => [sampler.name, sampler] as const))(
    `%s on ${backend}`,
    (_, sampler) => {
      beforeAll(async () => void (await useBackend(backend)));

      it("fits a correlated Gaussian better than N(0, I), and its draws have its covariances", async () => {
        const codes = correlated(1);
        const heldOut = drawCodes(correlated(2), Rng.fromSeed(0));
        const tensors = tf.memory().numTensors;
        const { state } = await sampler.fit(codes, heldOut, optionsOf(sampler), { rng: Rng.fromSeed(3) });
        const density = sampler.open(state, 3, optionsOf(sampler));
        const found = meanOf(density.logProb(heldOut, Rng.fromSeed(5)));
        // Its entropy: 3/2 log 2 pi e + log of the determinant's root, 3 (3 0.3) 0.2.
        const best = -1.5 * Math.log(2 * Math.PI * Math.E) - Math.log(3 * 0.9 * 0.2);
        expect(meanOf(unitGaussianLogProb(heldOut, 3))).toBeLessThan(best - 8);
        expect(found).toBeGreaterThan(best - 0.6);
        expect(found).toBeLessThan(best + 0.2);
        const z = drawn(density, 4000, 6);
        density.dispose();
        expect(tf.memory().numTensors).toBe(tensors);
        const moment = (i: number, j: number) => {
          let sum = 0;
          for (let n = 0; n < 4000; n++)
            sum += (z[3 * n + i]! - (i < 2 ? 2 : 0)) * (z[3 * n + j]! - (j < 2 ? 2 : 0));
          return sum / 4000;
        };
        expect(moment(0, 0) / 9).toBeCloseTo(1, 0);
        expect(Math.abs(moment(0, 1) / 9 - 0.95)).toBeLessThan(0.25);
        expect(Math.abs(moment(0, 2) / 0.6 + 0.9)).toBeLessThan(0.25);
      });

      it("gives the same bits for the same seed, others for another", async () => {
        const codes = codesOf(120, 2, ([a, b]) => [a!, a! + b!]);
        const bits = async (seed: number) => {
          const { state } = await fit(sampler, codes, seed);
          const density = sampler.open(state, 2, optionsOf(sampler));
          const z = drawn(density, 5, 1);
          density.dispose();
          return { state: [...state].map(([name, { data }]) => [name, [...data]]), z: [...z] };
        };
        const first = await bits(0);
        expect(await bits(0)).toEqual(first);
        expect((await bits(1)).state).not.toEqual(first.state);
      });

      it("stays finite where dimensions are constant", async () => {
        const { state } = await fit(
          sampler,
          codesOf(100, 3, ([a]) => [a!, 1.5, 1.5]),
        );
        const density = sampler.open(state, 3, optionsOf(sampler));
        const z = drawn(density, 50, 0);
        density.dispose();
        for (const [i, v] of z.entries()) {
          expect(v).toSatisfy(Number.isFinite);
          if (i % 3 > 0) expect(Math.abs(v - 1.5)).toBeLessThan(0.01);
        }
      });

      it("takes a z of one dimension", async () => {
        const { state } = await fit(
          sampler,
          codesOf(100, 1, ([a]) => [a!]),
        );
        const density = sampler.open(state, 1, optionsOf(sampler));
        expect(drawn(density, 3, 0)).toHaveLength(3);
        expect([...density.logProb(Float32Array.of(0, 1), Rng.fromSeed(0))]).toSatisfy((v: number[]) =>
          v.every(Number.isFinite),
        );
        density.dispose();
      });
    },
  );
}

it("says of the codes of a model that has diverged that no mixture fits them", async () => {
  const codes = codesOf(50, 2, ([a, b]) => [1e38 * a!, b! * Number.MAX_VALUE]);
  const fitting = Promise.resolve().then(() => fit(samplerNamed("gmm") as LatentSampler, codes));
  await expect(fitting).rejects.toThrow(
    /--sampler gmm: expected z .* got numbers up to .* Has the model diverged\?/,
  );
});

it("a mixture has no more components than there are codes", () => {
  const gmm = samplerNamed("gmm") as LatentSampler;
  const fewer = () =>
    gmm.fit(
      codesOf(5, 2, (e) => [...e]),
      new Float32Array(2),
      optionsOf(gmm, { components: 6 }),
      {
        rng: Rng.fromSeed(0),
      },
    );
  expect(fewer).toThrow("--components: expected at most 5, the codes that there are to fit to, got 6.");
});

it("an unknown name is told, with the one that was meant", () => {
  const list = samplerNames.join(", ");
  expect(() => samplerNamed("gnm")).toThrow(
    `--sampler: expected one of ${list}, got "gnm". Did you mean "gmm"?`,
  );
  expect(() => samplerNamed("MAFSampler")).toThrow('Did you mean "flow"?');
});
