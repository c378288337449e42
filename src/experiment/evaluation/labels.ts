import { datasetNames, getDataset } from "../../data/registry.ts";
import { betaVaeScore } from "../../metrics/beta_vae_score.ts";
import { accuracy, type Codes, factor, selectFactors } from "../../metrics/codes.ts";
import { dci } from "../../metrics/dci.ts";
import { factorVaeScore } from "../../metrics/factor_vae_score.ts";
import type { Classify, Rows, Warn } from "../../metrics/linear_classifier.ts";
import { linearSvm } from "../../metrics/linear_svm.ts";
import { logisticRegression } from "../../metrics/logistic_regression.ts";
import { mutualInformationGap } from "../../metrics/mig.ts";
import { sameFactorGroups, sameFactorPairs } from "../../metrics/same_factor.ts";
import { separatedAttributePredictability } from "../../metrics/sap.ts";
import type { Rng } from "../../rng.ts";
import type { FigureContext } from "./context.ts";
import { TRAINING_CODES, trainingCodes } from "./encode.ts";
import type { Figure, FigureSubject } from "./figure.ts";
import { labelValues, type ValueCounts } from "./label_values.ts";
import { evaluatedCodes } from "./posterior_pass.ts";

/** disentanglement_lib's: groups to learn by and to judge by, images or pairs of each. */
const GROUPS = 10_000;
const CHECKS = 5_000;
const GROUP = 64;

/** What a figure wants of a label. */
interface Wants {
  /** Whether it trains on training images. */
  readonly trains: boolean;
  /** Whether it wants images with the same value. */
  readonly pairs?: boolean;
}

/** Why each of the data set's labels can't be used; undefined where it can. */
async function reasons({ run, options }: FigureSubject, wants: Wants): Promise<(string | undefined)[]> {
  const dataset = await run.dataset();
  const sets: [what: string, counts: ValueCounts[]][] = [
    ...(wants.trains
      ? [["training images", await labelValues(dataset, "train", TRAINING_CODES)] as [string, ValueCounts[]]]
      : []),
    ["images evaluated", await labelValues(dataset, options.split, options.maxImages)],
  ];
  const hint = dataset.labelHint === undefined ? "" : `, ${dataset.labelHint}`;
  return dataset.labelNames.map((label, f) => {
    for (const [what, counts] of sets) {
      const [[value, images] = [], ...others] = counts[f]!;
      if (others.length === 0)
        return `needs two values or more of ${label}, the ${what} (${images}) all have ${value}${hint}`;
    }
    const [, counts] = sets.at(-1)!;
    if (wants.pairs && [...counts[f]!.values()].every((images) => images < 2))
      return `needs images with the same value of ${label}, no two of those evaluated have`;
    return undefined;
  });
}

async function noLabels(subject: FigureSubject): Promise<string | undefined> {
  const { labelNames, labelRemedy, name } = await subject.run.dataset();
  if (labelNames.length === 0)
    return `needs labels, ${name} has none${labelRemedy === undefined ? "" : `; --set ${labelRemedy}`}`;
  const found = await reasons(subject, { trains: true });
  return found.includes(undefined) ? undefined : found[0];
}

type Train = (rows: Rows, labels: ArrayLike<number>, options: { warn: Warn }) => Classify;

/** Accuracy on the images evaluated, of each label and their mean. */
const classifier = (name: string, byDefault: boolean, train: Train): Figure => ({
  name,
  byDefault,
  trains: true,
  missing: noLabels,
  async compute(context) {
    const [seen, test] = [await trainingCodes(context), await evaluatedCodes(context)];
    if (!allFinite(context, name, test, seen)) return {};
    const { labelNames } = await context.run.dataset();
    const found = await reasons(context, { trains: true });
    const scores = labelNames.flatMap((label, f) => {
      const reason = found[f];
      if (reason !== undefined) {
        context.leftOut[`${name}_${label}`] = reason;
        return [];
      }
      const warn = warnOnce(context, `${name}_${label}`);
      const classify = train({ data: seen.means, dims: seen.dims }, factor(seen, f), { warn });
      const named = classify({ data: test.means, dims: test.dims });
      return [[`${name}_${label}`, accuracy(named, factor(test, f))] as const];
    });
    const mean = scores.reduce((sum, [, score]) => sum + score, 0) / scores.length;
    return labelNames.length === 1 ? { [name]: mean } : { [name]: mean, ...Object.fromEntries(scores) };
  },
});

/** Codes whose labels are the factors that can be used. */
interface FactorCodes {
  /** Of the images evaluated. */
  readonly test: Codes;
  /** Of training images. */
  train(): Promise<Codes>;
  readonly rng: Rng;
  readonly warn: Warn;
}

interface OfFactors extends Wants {
  /** Factors that it wants at least. */
  readonly factors: number;
  /** Dimensions of z that it wants at least. */
  readonly dims: number;
}

/** A figure of images that were made from known factors. */
const ofFactors = (
  name: string,
  wants: OfFactors,
  compute: (codes: FactorCodes) => ReturnType<Figure["compute"]>,
): Figure => ({
  name,
  byDefault: true,
  trains: wants.trains,
  async missing(subject) {
    const { factors, name } = await subject.run.dataset();
    if (!factors) {
      const made = datasetNames().filter((other) => getDataset(other)!.factors);
      return `needs images made from known factors, as ${made.map((other) => `${other}'s`).join(", ")}; ${name}'s are not`;
    }
    const found = await reasons(subject, wants);
    const usable = found.filter((reason) => reason === undefined).length;
    if (usable >= wants.factors) return undefined;
    const why = found.find((reason) => reason !== undefined)!;
    return wants.factors === 1
      ? why
      : `needs ${wants.factors} factors or more, there ${usable === 1 ? "is" : "are"} ${usable}: ${why}`;
  },
  async compute(context) {
    const found = await reasons(context, wants);
    const { labelNames } = await context.run.dataset();
    const left = labelNames.filter((_, f) => found[f] !== undefined);
    if (left.length > 0)
      context.notes.push(`${name}: without ${left.join(", ")}, too much the same in these images`);
    const chosen = [...labelNames.keys()].filter((f) => found[f] === undefined);
    const test = selectFactors(await evaluatedCodes(context), chosen);
    const own = wants.trains ? [await trainingCodes(context)] : [];
    if (!allFinite(context, name, test, ...own)) return {};
    if (test.dims < wants.dims) {
      context.leftOut[name] = `needs ${wants.dims} dimensions of z or more, there is ${test.dims}`;
      return {};
    }
    return compute({
      test,
      train: async () => selectFactors(await trainingCodes(context), chosen),
      rng: context.rng.fold(name),
      warn: warnOnce(context, name),
    });
  },
});

/** Whether codes are what a figure can be computed of; leaves it out where a model that has diverged made them. */
function allFinite({ leftOut }: FigureContext, name: string, ...codes: readonly Codes[]): boolean {
  const finite = codes.every(({ means }) => means.every(Number.isFinite));
  if (!finite) leftOut[name] = "needs a finite z of every image, this model's is not";
  return finite;
}

function warnOnce({ notes }: FigureContext, name: string): Warn {
  return (text) => {
    const note = `${name}: ${text}`;
    if (!notes.includes(note)) notes.push(note);
  };
}

/** What the codes of labelled images say. */
export const labelFigures: readonly Figure[] = [
  classifier("svm", true, (rows, labels, { warn }) => linearSvm(rows, labels, { C: 1, warn })),
  classifier("logistic", false, logisticRegression),
  ofFactors("mig", { trains: false, factors: 1, dims: 2 }, async ({ test }) => ({
    mig: mutualInformationGap(test),
  })),
  ofFactors("dci", { trains: true, factors: 2, dims: 2 }, async ({ test, train, rng }) => {
    const found = dci({ train: await train(), test }, rng);
    return {
      dci_disentanglement: found.disentanglement,
      dci_completeness: found.completeness,
      dci_informativeness: found.informativeness,
    };
  }),
  ofFactors("sap", { trains: true, factors: 1, dims: 2 }, async ({ test, train, warn }) => ({
    sap: separatedAttributePredictability({ train: await train(), test }, warn),
  })),
  ofFactors("factor_vae", { trains: false, pairs: true, factors: 2, dims: 1 }, async ({ test, rng }) => {
    const groups = (what: string, count: number) => sameFactorGroups(test, count, GROUP, rng.fold(what));
    return { factor_vae: factorVaeScore(test, groups("votes", GROUPS), groups("checks", CHECKS)) };
  }),
  ofFactors("beta_vae", { trains: false, pairs: true, factors: 2, dims: 1 }, async ({ test, rng, warn }) => {
    const pairs = (what: string, count: number) => sameFactorPairs(test, count, GROUP, rng.fold(what));
    return { beta_vae: betaVaeScore(test, pairs("training", GROUPS), pairs("checks", CHECKS), warn) };
  }),
];
