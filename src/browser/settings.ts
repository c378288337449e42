import type { TObject } from "typebox";
import { Value } from "typebox/value";
import { type ExpParams as Exp, ExpParams } from "../config/schema.ts";
import { ConfigError } from "../errors.ts";
import { getModel, modelNames } from "../models/registry.ts";
import { didYouMean } from "../text/suggest.ts";

/** A config's `exp_params`; what is left out has the schema's default. */
export const expParams = (given: Readonly<Record<string, unknown>> = {}): Exp =>
  checked(ExpParams, given, "exp_params") as Exp;

/** The variant of `model_params` and its parameters, complete. @throws ConfigError */
export function modelParams({ name, ...given }: Readonly<Record<string, unknown>>) {
  const model = getModel(String(name));
  if (model === undefined)
    throw new ConfigError(
      `model_params.name: expected one of ${modelNames().join(", ")}, got ${JSON.stringify(name)}.${didYouMean(String(name), modelNames())}`,
    );
  const params = checked(model.params, given, "model_params");
  return { model, params: (model.complete?.(params as never) ?? params) as Record<string, unknown> };
}

/** With defaults. @throws ConfigError for unknown keys, and for values that the schema refuses */
function checked(schema: TObject, given: Readonly<Record<string, unknown>>, section: string) {
  const known = Object.keys(schema.properties);
  for (const key of Object.keys(given))
    if (!known.includes(key))
      throw new ConfigError(`${section}: unknown key "${key}".${didYouMean(key, known)}`);
  const values = Value.Default(schema, structuredClone(given)) as Record<string, unknown>;
  const [problem] = Value.Errors(schema, values);
  if (problem !== undefined)
    throw new ConfigError(`${section}${problem.instancePath.replaceAll("/", ".")}: ${problem.message}`);
  return values;
}
