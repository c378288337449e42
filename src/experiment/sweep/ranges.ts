import { formatPlace, type Located, type Place, toPlain } from "../../config/located.ts";
import { keysOf, parseAssignment, readValue } from "../../config/overrides.ts";
import { ConfigError } from "../../errors.ts";

/** The values of one key that a sweep tries. */
export interface Range {
  /** Dotted, as `--set` takes it. */
  readonly key: string;
  readonly keys: readonly string[];
  /** The values of a grid; undefined: a continuum, of which no number of values is said. */
  readonly values: readonly Located[] | undefined;
  /** One of the values, or of the continuum, by one number of [0, 1). */
  at(u: number): Located;
  readonly place: Place;
}

/** What a message shows of the grammar. */
const GRAMMAR = "values with commas between them, log(FROM..TO)xN, lin(FROM..TO)xN or int(FROM..TO)";
/** Significant digits of values between the ends of a range: so many tell them apart, and names stay short. */
const DIGITS = { log: 4, lin: 6 };
export const DRAWN_DIGITS = 4;
/** Values of one key at most: more is a slip. */
const MOST_VALUES = 1000;

/** `--sweep KEY=RANGE`. @throws ConfigError where it isn't of that form */
export function parseSweep(argument: string): Range {
  const { keys, text, place } = parseAssignment(argument, "--sweep");
  return rangeOf(keys, parseRange(text, place), place);
}

/**
 * A range of a sweep file: text of the same grammar, or a list of values.
 *
 * @throws ConfigError where it is neither
 */
export function rangeOfNode(key: string, node: Located): Range {
  const { place, keyPlace = place } = node;
  const keys = keysOf(key, keyPlace);
  const { values, at } = Array.isArray(node.value)
    ? listed(node.value as Located[], place)
    : parseRange(node.text ?? String(node.value), place);
  const here = (value: Located): Located => ({ ...value, keyPlace });
  return rangeOf(keys, { values: values?.map(here), at: (u) => here(at(u)) }, place);
}

type Values = Pick<Range, "values" | "at">;

const rangeOf = (keys: readonly string[], values: Values, place: Place): Range => ({
  key: keys.join("."),
  keys,
  place,
  ...values,
});

const FORM = /^\s*(log|lin|int)\s*\((.*)\)\s*(?:x\s*(\S+))?\s*$/is;

function parseRange(text: string, place: Place): Values {
  const [, form, inside, times] = FORM.exec(text) ?? [];
  if (form === undefined) {
    const call = /^\s*(\w+)\s*\(/.exec(text)?.[1];
    if (call !== undefined || /\.\./.test(text))
      throw fault(place, `expected ${GRAMMAR}, got "${text.trim()}"`);
    const items = split(text);
    if (items.includes(""))
      throw fault(place, `expected a value between the commas, got none in "${text.trim()}". Remove a comma`);
    return listed(
      items.map((item) => readValue(item, place)),
      place,
    );
  }
  const [from, to] = endsOf(inside!, form, place);
  const count = times === undefined ? undefined : countOf(times, place);
  if (form === "int") return integers(from, to, count, place);
  const between =
    form === "log" ? (u: number) => from * (to / from) ** u : (u: number) => from + (to - from) * u;
  const near = (value: number, digits: number) => Number(value.toPrecision(digits));
  if (count === undefined)
    return { values: undefined, at: (u) => numberAt(near(between(u), DRAWN_DIGITS), place) };
  const digits = form === "log" ? DIGITS.log : DIGITS.lin;
  const values = Array.from({ length: count }, (_, i) => {
    if (i === 0) return from;
    return i === count - 1 ? to : near(between(i / (count - 1)), digits);
  });
  return listed(
    values.map((value) => numberAt(value, place)),
    place,
  );
}

function endsOf(inside: string, form: string, place: Place): [number, number] {
  const [, from = "", to = ""] = /^\s*(\S+?)\s*\.\.\s*(\S+)\s*$/.exec(inside) ?? [];
  const ends = [from, to].map((end) => (end === "" ? Number.NaN : Number(end))) as [number, number];
  if (!ends.every(Number.isFinite))
    throw fault(
      place,
      `expected ${form}(FROM..TO) with two numbers, such as ${form}(1..8), got "${form}(${inside})"`,
    );
  const [low, high] = ends;
  if (low >= high)
    throw fault(
      place,
      `expected FROM < TO, got the empty range ${low}..${high}. Write the smaller number first`,
    );
  if (form === "log" && low <= 0)
    throw fault(
      place,
      `expected numbers > 0 in log(${low}..${high}), got ${low}. Take lin, or another start`,
    );
  if (form === "int" && !ends.every(Number.isSafeInteger))
    throw fault(place, `expected integers in int(${low}..${high}). Take lin for other numbers`);
  return ends;
}

function countOf(times: string, place: Place): number {
  const count = Number(times);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_VALUES) return count;
  throw fault(place, `expected xN with N from 1 to ${MOST_VALUES} values, got "x${times}"`);
}

function integers(from: number, to: number, count: number | undefined, place: Place): Values {
  const all = to - from + 1;
  if (count === undefined && all > MOST_VALUES)
    return { values: undefined, at: (u) => numberAt(from + Math.floor(u * all), place) };
  if (count !== undefined && count > all)
    throw fault(place, `expected at most ${all} integers from ${from} to ${to}, got x${count}`);
  const wanted = count ?? all;
  return listed(
    Array.from({ length: wanted }, (_, i) =>
      numberAt(Math.round(from + (wanted === 1 ? 0 : (i * (to - from)) / (wanted - 1))), place),
    ),
    place,
  );
}

/** @throws ConfigError where there is none, or one twice */
function listed(values: readonly Located[], place: Place): Values {
  if (values.length === 0) throw fault(place, `expected ${GRAMMAR}, got no value`);
  if (values.length > MOST_VALUES)
    throw fault(place, `expected at most ${MOST_VALUES} values, got ${values.length}`);
  const seen = new Set<string>();
  for (const value of values) {
    const text = JSON.stringify(toPlain(value));
    if (seen.has(text)) throw fault(place, `expected each value once, got ${text} twice. Remove one`);
    seen.add(text);
  }
  return { values, at: (u) => values[Math.floor(u * values.length)]! };
}

/** The parts of `text` between commas that are in no bracket and no quotes; none of an empty text. */
function split(text: string): string[] {
  const parts: string[] = [];
  let [depth, quote, part] = [0, "", ""];
  for (const c of text) {
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("[{(".includes(c)) depth++;
    else if ("]})".includes(c)) depth--;
    if (c === "," && depth === 0 && quote === "") {
      parts.push(part);
      part = "";
    } else part += c;
  }
  parts.push(part);
  const trimmed = parts.map((p) => p.trim());
  return trimmed.every((p) => p === "") ? [] : trimmed;
}

const numberAt = (value: number, place: Place): Located => ({ value, place, text: String(value) });

/** What is wrong with a range, and where it was written. */
export const fault = (place: Place, message: string): ConfigError =>
  new ConfigError(`${formatPlace(place)}: ${message}`);
