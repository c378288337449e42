/** The end of a command's help: lines to type, each with what it does. */
export function examples(lines: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(lines).map((line) => line.length));
  const shown = Object.entries(lines).map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd());
  return `\nExamples:\n${shown.join("\n")}`;
}
