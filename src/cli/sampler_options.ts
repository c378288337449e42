import { Option } from "commander";
import { ConfigError } from "../errors.ts";
import type { SamplerDefinition } from "../samplers/define.ts";
import { samplerNames, samplers } from "../samplers/registry.ts";

/** `--sampler`. Shown and completed, but not checked here: `samplerNamed` says which one was meant. */
export function samplerOption(what: string, flags = "--sampler <name>"): Option {
  const option = new Option(flags, `${what}: ${samplerNames.join(", ")}`);
  option.argChoices = [...samplerNames];
  return option;
}

/** What a schema of samplers says of one of their numbers. */
interface NumberSchema {
  readonly type: string;
  readonly default: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum: number;
  readonly description: string;
}

const propertiesOf = (sampler: SamplerDefinition): Readonly<Record<string, NumberSchema>> =>
  "options" in sampler ? (sampler.options.properties as unknown as Record<string, NumberSchema>) : {};

const flagOf = (key: string): string => `--${key.replaceAll("_", "-")}`;

/** The options of all samplers, one for each name, which several may share. */
export function samplerOptions(): Option[] {
  const keys = [...new Set(samplers.flatMap((sampler) => Object.keys(propertiesOf(sampler))))];
  return keys.map((key) => {
    const takers = samplers.filter((sampler) => key in propertiesOf(sampler));
    const { description } = propertiesOf(takers[0]!)[key]!;
    const defaults = takers.map((sampler) => `${sampler.name} ${propertiesOf(sampler)[key]!.default}`);
    return new Option(`${flagOf(key)} <n>`, `${description} (${defaults.join(", ")})`);
  });
}

/**
 * The options given, by the samplers that take them.
 *
 * @param given texts of the command line, by commander's name
 *
 * @throws ConfigError where none of the samplers takes one, or one is no number in range
 */
export function givenOptions(
  chosen: readonly SamplerDefinition[],
  given: Readonly<Record<string, unknown>>,
): ReadonlyMap<SamplerDefinition, Readonly<Record<string, number>>> {
  const found = new Map<SamplerDefinition, Record<string, number>>(chosen.map((sampler) => [sampler, {}]));
  for (const option of samplerOptions()) {
    const text = given[option.attributeName()];
    if (typeof text !== "string") continue;
    const key = option.long!.slice(2).replaceAll("-", "_");
    const takers = chosen.filter((sampler) => key in propertiesOf(sampler));
    if (takers.length === 0)
      throw new ConfigError(
        `${option.long}: expected an option of --sampler ${chosen.map(({ name }) => name).join(",")}, got one of ` +
          `${namesOfTakers(key)}. Leave it out.`,
      );
    for (const sampler of takers)
      found.get(sampler)![key] = checked(option.long!, text, propertiesOf(sampler)[key]!);
  }
  return found;
}

const namesOfTakers = (key: string): string =>
  samplers.flatMap((sampler) => (key in propertiesOf(sampler) ? [sampler.name] : [])).join(", ");

function checked(flag: string, text: string, schema: NumberSchema): number {
  const { type, minimum, exclusiveMinimum, maximum } = schema;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const isKind = type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
  const above = exclusiveMinimum === undefined ? value >= minimum! : value > exclusiveMinimum;
  if (isKind && above && value <= maximum) return value;
  const kind = type === "integer" ? "an integer" : "a number";
  const range =
    exclusiveMinimum === undefined
      ? `from ${minimum} to ${maximum}`
      : `above ${exclusiveMinimum}, at most ${maximum}`;
  throw new ConfigError(`${flag}: expected ${kind} ${range}, got "${text}".`);
}
