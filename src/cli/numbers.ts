import { InvalidArgumentError } from "commander";

/** For `argParser`: a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(n) || n < least)
      throw new InvalidArgumentError(`Expected an integer ≥ ${least}.`);
    return n;
  };
}

/** For `argParser`: a number from 0 on. */
export function positive(text: string): number {
  const n = Number(text);
  if (text.trim() === "" || !Number.isFinite(n) || n < 0)
    throw new InvalidArgumentError("Expected a number ≥ 0.");
  return n;
}

/** For `argParser`: `FROM..TO`. */
export function interval(text: string): readonly [from: number, to: number] {
  const [, from, to] = /^\s*([^\s.][^\s]*?|\.\d+)\.\.([^\s.]\S*|\.\d+)\s*$/.exec(text) ?? [];
  const ends = [Number(from), Number(to)] as const;
  if (from === undefined || !ends.every(Number.isFinite))
    throw new InvalidArgumentError("Expected FROM..TO, such as -2..2.");
  return ends;
}
