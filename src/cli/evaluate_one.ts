import { UserError } from "../errors.ts";
import { choicesOf, chosenBy } from "../experiment/series/choices.ts";
import type { Experiment } from "../experiment/series/experiment.ts";
import { checkSettings, evaluateMember, trainedFolder } from "../experiment/series/member.ts";
import { memberFolder } from "../experiment/series/results.ts";

/**
 * Evaluates the run, or the trial, of an experiment whose folder is named.
 *
 * @throws UserError where none has that folder; what `checkSettings` and `evaluateMember` throw
 */
export async function evaluateOne(plan: Experiment, folder: string, backend: string): Promise<void> {
  const { search } = plan;
  const trial = search?.members.find((member) => memberFolder(member) === folder);
  if (trial !== undefined) return evaluated(search!, trial);
  const whole = search === undefined ? plan : await search.lay(chosenBy(search, await choicesOf(search)));
  const member = whole.members.find((one) => memberFolder(one) === folder);
  if (member === undefined)
    throw new UserError(`--evaluate ${folder}: expected the folder of one of ${plan.name}'s runs`);
  return evaluated(whole, member);

  async function evaluated(series: Experiment, member: Experiment["members"][number]): Promise<void> {
    if (trainedFolder(member) === undefined)
      throw new UserError(`--evaluate ${folder}: expected a run that is trained, got none there`);
    await checkSettings(series, member);
    await evaluateMember(series, member, backend);
  }
}
