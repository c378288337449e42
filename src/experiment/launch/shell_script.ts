import type { Batch } from "./batch.ts";

/** As one word of a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Lines that set `output` and a command's arguments by its index in the shell's variable `name`. */
export const commandsBy = (name: string, { commands }: Batch): string =>
  [
    `case $${name} in`,
    ...commands.map(
      ({ args, output }, i) => `${i}) output=${quoted(output)}; set -- ${args.map(quoted).join(" ")} ;;`,
    ),
    "esac",
  ].join("\n");
