import type { Command, Option } from "commander";

/** What one command takes. */
export interface CommandWords {
  /** `setup tensorflow`; "" for the program itself. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** Words that its first argument may be; where there are none, or none fits, a file is expected. */
  readonly words: readonly string[];
}

export interface OptionWords {
  /** `--config`, then `-c` where it has one. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Its values, where it has a fixed list; else a file is expected. */
  readonly values: readonly string[];
}

/** The commands of `program` as its help shows them, itself first, each before its own commands. */
export function wordsOf(program: Command): CommandWords[] {
  const visit = (command: Command, path: string): CommandWords[] => {
    const help = command.createHelp();
    const commands = help.visibleCommands(command);
    const own: CommandWords = {
      path,
      description: command.description(),
      commands: commands.map((c) => ({ name: c.name(), description: c.description() })),
      options: help.visibleOptions(command).map(optionWords),
      words: command.registeredArguments[0]?.argChoices ?? [],
    };
    const shown = command.commands.filter((c) => commands.includes(c)); // `help` is no command of its own
    const below = shown.flatMap((c) => visit(c, path === "" ? c.name() : `${path} ${c.name()}`));
    return [own, ...below];
  };
  return visit(program, "");
}

const optionWords = (option: Option): OptionWords => ({
  flags: [option.long, option.short].filter((flag) => flag != null),
  description: option.description,
  takesValue: option.required || option.optional,
  values: option.argChoices ?? [],
});

/** `text` as one word of a shell, in single quotes. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
