/**
 * How far processes that train together are from one that trains alone, by variant: small models take steps on the same whole
 * batches. Printed are the largest difference of any metric of the first step, of any of all steps but the
 * gradient's norm, and of that, as shares; and whether a second run of
 * the processes has the same bits; and, for comparison, how far one process is from itself if its parameters begin a
 * rounding away, the farthest of `--nudges` such. Ends with code 1 where a difference is above 1e-4 and ten times that.
 *
 *   npx tsx scripts/ranks_agree.ts [--ranks 2] [--steps 20] [--batch 8] [--only VQVAE,IWAE] [--optimizer adam] [--nudges 4]
 */
import { parseArgs } from "node:util";
import type { Convention } from "../src/models/define.ts";
import { modelNames } from "../src/models/registry.ts";
import { Members, worstMetric } from "../test/support/ranks.ts";

const { values: args } = parseArgs({
  options: {
    ranks: { type: "string", default: "2" },
    steps: { type: "string", default: "20" },
    batch: { type: "string", default: "8" },
    optimizer: { type: "string", default: "sgd" },
    rate: { type: "string", default: "1e-3" },
    nudges: { type: "string", default: "4" },
    only: { type: "string", default: "" },
  },
});
const MOST = 1e-4;
const chosen = args.only === "" ? modelNames() : args.only.split(",");
/** Parameters by which a variant computes otherwise over a batch. */
const MORE: Readonly<Record<string, readonly object[]>> = {
  BetaVAE: [{ loss_type: "B" }],
  BetaTCVAE: [{ sampling: "weighted" }],
  DIPVAE: [{ dip_type: "i" }],
  HVAE: [{ prior: "vamp", num_components: 4 }],
  VampVAE: [],
  VQVAE: [{ codebook: "loss" }, { dead_code_threshold: 0.4 }],
  DFCVAE: [{ feature_crop: 16 }],
};
const PARAMS: Readonly<Record<string, object>> = { VampVAE: { num_components: 4 } };

const isTerm = (name: string) => name !== "gradNorm";

const one = await Members.start(1);
const several = await Members.start(Number(args.ranks));
let failed = false;
console.log(
  "| variant | convention | first step | all steps | where | one, nudged | gradient norm | same bits again | ranks alike |\n|---|---|---|---|---|---|---|---|---|",
);
for (const variant of chosen) {
  for (const more of [{}, ...(MORE[variant] ?? [])]) {
    for (const convention of ["elbo", "pixel_mean"] as Convention[]) {
      const params = { ...PARAMS[variant], ...more };
      const importance = /IWAE/.test(variant);
      if (importance && convention === "elbo") Object.assign(params, { sigma: 0.1 });
      const task = {
        variant,
        convention,
        params,
        steps: Number(args.steps),
        batch: Number(args.batch),
        rate: Number(args.rate),
        optimizer: args.optimizer as "sgd",
      };
      const named = [variant, ...Object.entries(more).map(([k, v]) => `${k}: ${v}`)].join(" ");
      try {
        const [alone] = await one.take(task);
        let rounding = 0;
        for (let nudge = 1; nudge <= Number(args.nudges); nudge++) {
          const [nudged] = await one.take({ ...task, nudge });
          rounding = Math.max(rounding, worstMetric(alone!.metrics, nudged!.metrics, { of: isTerm }).off);
        }
        const [first, ...others] = await several.take(task);
        const [again] = await several.take(task);
        const found = first!.metrics;
        const begin = worstMetric(alone!.metrics.slice(0, 1), found);
        const off = worstMetric(alone!.metrics, found, { of: isTerm });
        const norm = worstMetric(alone!.metrics, found, { of: (name) => name === "gradNorm" });
        const same = JSON.stringify(again) === JSON.stringify(first);
        const alike = others.every((o) => JSON.stringify(o) === JSON.stringify(first));
        if (!(off.off <= Math.max(MOST, 10 * rounding)) || !same || !alike || !first!.compiled) failed = true;
        console.log(
          `| ${named} | ${convention} | ${begin.off.toExponential(1)} | ${off.off.toExponential(1)} | ${off.name} | ${rounding.toExponential(1)} | ${norm.off.toExponential(1)} | ${same} | ${alike} |`,
        );
      } catch (error) {
        failed = true;
        console.log(
          `| ${named} | ${convention} | ${(error as Error).message.split("\n").slice(0, 3).join(" ")} |`,
        );
      }
    }
  }
}
one.close();
several.close();
process.exitCode = failed ? 1 : 0;
