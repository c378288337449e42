import { composeSchema } from "../../config/compose.ts";
import { textsOf } from "../../config/marks.ts";
import { ConfigError } from "../../errors.ts";
import type { EvaluationOptions } from "../evaluation/context.ts";
import type { Member } from "./members.ts";

/** Whether any of these members learned by this network: whether a key of its model that names networks names it. */
export const learnedBy = (members: readonly Member[], network: string): boolean =>
  members.some(({ config, model, dataset }) =>
    textsOf(composeSchema(model, dataset), config, ({ registry }) => registry === "networks").some(
      ({ text }) => text === network,
    ),
  );

/** The network that a number's name says it is by; undefined where it is by none. */
export function networkIn(metric: string, { networks }: EvaluationOptions): string | undefined {
  const found = networks.map(({ name }) => name).filter((name) => `_${metric}_`.includes(`_${name}_`));
  return found.sort((a, b) => b.length - a.length)[0]; // vgg16_bn, not vgg16
}

/** Stands in the name of a number for a network that the run did not learn by. */
export const IMPARTIAL = "NETWORK";

/**
 * The number by which a run is chosen: where it names no network, by the first that judges and by which none of the run's
 * members learns.
 *
 * @throws ConfigError where it learns by all
 */
export function impartial(
  metric: string,
  { networks }: EvaluationOptions,
  members: readonly Member[],
  run: string,
): string {
  if (!metric.split("_").includes(IMPARTIAL)) return metric;
  const judge = networks.find(({ name }) => !learnedBy(members, name));
  if (judge !== undefined) return metric.replace(IMPARTIAL, judge.name);
  const names = networks.map(({ name }) => name).join(" and ");
  throw new ConfigError(
    `search.metric: expected a network in evaluation.network that ${run} does not learn by, got ${names}. Add one: evaluation.network: [${networks.map(({ name }) => name).join(", ")}, …]`,
  );
}
