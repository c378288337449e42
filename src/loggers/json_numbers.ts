/** A number in JSON: "NaN", "Infinity" or "-Infinity" where JSON has none for it, as protobuf's JSON says it. */
export type JsonNumber = number | string;

export const toJson = (values: Readonly<Record<string, number>>): Record<string, JsonNumber> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]),
  );

export const fromJson = (values: Readonly<Record<string, JsonNumber>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
