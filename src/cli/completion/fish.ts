import { type CommandWords, quoted } from "./words.ts";

/** A script for fish. */
export function fishScript(name: string, commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ path, commands, options, words }) => {
    const here = `-n ${quoted(
      condition(
        path,
        commands.map((c) => c.name),
      ),
    )}`;
    const add = (rest: string, description: string) =>
      `complete -c ${name} ${here} ${rest} -d ${fishQuoted(description)}`;
    return [
      ...commands.map((c) => add(`-f -a ${c.name}`, c.description)),
      ...words.map((word) => add(`-f -a ${word}`, "")),
      ...options.map(({ flags, description, takesValue, values }) => {
        const [long, short] = flags;
        const value =
          values.length > 0 ? `-x -a ${fishQuoted(values.join(" "))}` : takesValue ? "-r -F" : "-f";
        return add(`-l ${long!.slice(2)}${short ? ` -s ${short.slice(1)}` : ""} ${value}`, description);
      }),
    ];
  });
  return `# ${name}'s completion for fish: ${name} completion fish | source\n${lines.join("\n")}\n`;
}

/** Where the commands of `path` are on the line and none of those below it. */
function condition(path: string, below: readonly string[]): string {
  if (path === "") return "__fish_use_subcommand";
  const seen = path.split(" ").map((name) => `__fish_seen_subcommand_from ${name}`);
  const none = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(" ")}`] : [];
  return [...seen, ...none].join("; and ");
}

/** In fish's single quotes, which know \\\\ and \\'. */
const fishQuoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
