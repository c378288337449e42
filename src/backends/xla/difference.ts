/**
 * The first difference between two programs that were traced from one step: a number that was computed in JavaScript and
 * is no input, or another operation. Half a sentence with the step as "it"; undefined where there is none.
 */
export function differenceOf(first: string, second: string): string | undefined {
  if (first === second) return undefined;
  const [a, b] = [first.split("\n"), second.split("\n")] as const;
  const at = a.findIndex((line, i) => line !== b[i]);
  const [x, y] = [operationOf(a[at]), operationOf(b[at])];
  if (x === "constant" || y === "constant") {
    const user = userOf(x === "constant" ? a : b, at);
    return `a number of its op ${user} changes from step to step (use ctx.schedule and ctx.rng for such numbers)`;
  }
  if (x !== undefined && x === y) return `its op ${x} is another one at the next step`;
  return "it runs other ops from step to step";
}

const operationOf = (line = ""): string | undefined => / = "?stablehlo\.(\w+)/.exec(line)?.[1];

/** The operation that takes the result of a line. */
function userOf(lines: readonly string[], at: number): string {
  const name = /^\s*(%\d+) =/.exec(lines[at]!)?.[1] ?? "";
  const taken = new RegExp(`= .*${name}\\b`);
  const user = lines.slice(at + 1).find((line) => taken.test(line));
  return operationOf(user) ?? "constant";
}
