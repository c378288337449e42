/** `text` as one word of a command line: as it is where a shell takes it so, else quoted. */
export function shellWord(text: string): string {
  if (/^[\w./=:,@%+-]+$/.test(text)) return text;
  if (process.platform === "win32") return `"${text.replaceAll('"', '\\"')}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
