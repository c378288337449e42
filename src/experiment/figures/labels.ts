import { betaVaeScore } from "../../metrics/beta_vae.ts";
import { accuracy, factor } from "../../metrics/codes.ts";
import { dci } from "../../metrics/dci.ts";
import { factorVaeScore } from "../../metrics/factor_vae.ts";
import { linearSvm } from "../../metrics/linear_svm.ts";
import { logisticRegression } from "../../metrics/logistic_regression.ts";
import { mutualInformationGap } from "../../metrics/mig.ts";
import { separatedAttributePredictability } from "../../metrics/sap.ts";
import type { Figure, FigureSubject } from "./figure.ts";

async function noLabels({ run }: FigureSubject): Promise<string | undefined> {
  const { labelNames, name } = await run.dataset();
  return labelNames.length > 0 ? undefined : `needs labels, ${name} has none`;
}

async function noFactors({ run }: FigureSubject): Promise<string | undefined> {
  const { factors, name } = await run.dataset();
  return factors ? undefined : `needs images made from known factors, as shapes3d's; ${name}'s are not`;
}

type Classifier = typeof logisticRegression;

/** Accuracy on images that were not trained on, of each label and their mean. */
const classifier = (name: string, what: string, byDefault: boolean, train: Classifier): Figure => ({
  name,
  summary: `accuracy of ${what} on z, trained on training images: of each label, and the mean`,
  byDefault,
  better: "higher",
  missing: noLabels,
  async compute(context) {
    const { train: seen, test } = await context.codes();
    const { labelNames } = await context.run.dataset();
    const scores = labelNames.map((label, f) => {
      const classify = train({ data: seen.means, dims: seen.dims }, factor(seen, f));
      const found = classify({ data: test.means, dims: test.dims });
      return [`${name}_${label}`, accuracy(found, factor(test, f))] as const;
    });
    const mean = scores.reduce((sum, [, score]) => sum + score, 0) / scores.length;
    return scores.length === 1 ? { [name]: mean } : { [name]: mean, ...Object.fromEntries(scores) };
  },
});

/** A figure of images that were made from known factors. */
const ofFactors = (name: string, summary: string, compute: Figure["compute"]): Figure => ({
  name,
  summary,
  byDefault: true,
  better: "higher",
  missing: noFactors,
  compute,
});

/** What the codes of labelled images say. */
export const labelFigures: readonly Figure[] = [
  classifier("svm", "a linear SVM", true, (rows, labels) => linearSvm(rows, labels, { C: 1 })),
  classifier("logistic", "a logistic regression", false, logisticRegression),
  ofFactors("mig", "mutual information gap, 0 to 1", async (context) => ({
    mig: mutualInformationGap((await context.codes()).train),
  })),
  ofFactors("dci", "disentanglement, completeness and informativeness, 0 to 1", async (context) => {
    const { disentanglement, completeness, informativeness } = dci(await context.codes());
    return {
      dci_disentanglement: disentanglement,
      dci_completeness: completeness,
      dci_informativeness: informativeness,
    };
  }),
  ofFactors("sap", "separated attribute predictability, 0 to 1", async (context) => ({
    sap: separatedAttributePredictability(await context.codes()),
  })),
  ofFactors("factor_vae", "FactorVAE score, 0 to 1", async (context) => {
    const { votes, checks } = await context.groups();
    return { factor_vae: factorVaeScore((await context.codes()).train, votes, checks) };
  }),
  ofFactors("beta_vae", "beta-VAE score, 0 to 1", async (context) => {
    const { votes, checks } = await context.groups();
    return { beta_vae: betaVaeScore((await context.codes()).train, votes, checks) };
  }),
];
