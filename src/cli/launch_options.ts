import { type Command, Option } from "commander";
import { ConfigError } from "../errors.ts";
import type { Launcher } from "../experiment/launch/launcher.ts";
import { LAUNCHERS } from "../experiment/launch/names.ts";
import type { Series } from "../experiment/series/members.ts";
import { shellWord } from "../text/shell.ts";
import { wholeNumber } from "./numbers.ts";
import { repeatable } from "./options.ts";

/** Where the runs of a series are trained, as it was typed. */
export interface LaunchOptions {
  readonly jobs?: number;
  readonly launcher?: string;
  readonly resource?: readonly string[];
  readonly status?: boolean;
  readonly cancel?: boolean;
}

const [LOCAL, ...QUEUES] = Object.keys(LAUNCHERS);

/** Adds those options to a command that trains several runs. */
export function addLaunchOptions(command: Command): Command {
  const launcher = new Option(
    "--launcher <name>",
    `where runs are trained (${Object.entries(LAUNCHERS)
      .map(([name, about]) => `${name}: ${about}`)
      .join("; ")})`,
  );
  launcher.argChoices = Object.keys(LAUNCHERS); // `launcherNamed` says which one was meant
  return command
    .addOption(
      new Option(
        "--jobs <n>",
        "runs trained, and evaluated, at once; here each in a process with its share of the cores; in a queue all where left out",
      ).argParser(wholeNumber(1)),
    )
    .addOption(launcher)
    .addOption(
      repeatable("--resource <key=value>", "what a queue gives each run: docs/scale.md lists the keys"),
    )
    .option("--status", "start nothing: how each run stands")
    .option("--cancel", "start nothing: have the runs in the queue save and end");
}

/** Their names. */
export const LAUNCH_NAMES = ["jobs", "launcher", "resource", "status", "cancel"] as const;

/** The launcher that the options name for a series. @throws ConfigError where there is no such, or it can't do what is asked */
export async function launcherOf(
  { name, out }: Pick<Series, "name" | "out">,
  { jobs, launcher = LOCAL!, resource = [], cancel }: LaunchOptions,
): Promise<Launcher> {
  const { launcherNamed } = await import("../experiment/launch/registry.ts");
  const made = launcherNamed(launcher, { fleet: { name, out }, resources: resource, jobs });
  if (cancel && made.queue === undefined)
    throw new ConfigError(
      `--cancel: expected --launcher ${QUEUES.join(" or ")} with it. What is trained here ends with its own command, by Ctrl-C there`,
    );
  return made;
}

/** The options once more, as a shell takes them, but for those that start nothing. */
export const launchWords = ({ jobs, launcher, resource = [] }: LaunchOptions): string[] => [
  ...(jobs === undefined ? [] : ["--jobs", String(jobs)]),
  ...(launcher === undefined ? [] : ["--launcher", shellWord(launcher)]),
  ...resource.flatMap((text) => ["--resource", shellWord(text)]),
];
