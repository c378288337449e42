import { Type } from "typebox";

/** A string out of a fixed list, as one JSON Schema `enum` (a union of literals gives one error a member). */
export function oneOf<const T extends readonly string[]>(values: T, options: object = {}) {
  return Type.Unsafe<T[number]>({ type: "string", enum: values, ...options });
}
