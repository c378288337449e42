/** A file's name on one line: control characters as escapes. */
export const printable = (name: string): string =>
  name.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));

/** `: a.bmp`, or of several `, the first: a.bmp`. */
export const theFirst = (names: readonly string[]): string =>
  `${names.length > 1 ? ", the first" : ""}: ${printable(names[0]!)}`;
