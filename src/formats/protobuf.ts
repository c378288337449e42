import protobuf from "protobufjs";

/** A message's fields by name: their type, `*` before it for a repeated field or `%` for a map from strings, and number. */
type Fields = Readonly<Record<string, readonly [type: string, id: number]>>;

/** A type of message. `oneof`: fields that are written even where their value is 0, "" or false. */
export const message = (fields: Fields, oneof: string[] = []) => ({
  ...(oneof.length > 0 && { oneofs: { kind: { oneof } } }),
  fields: Object.fromEntries(Object.entries(fields).map(([name, [type, id]]) => [name, field(type, id)])),
});

function field(type: string, id: number) {
  const bare = type.slice(1);
  if (type.startsWith("*")) return { type: bare, id, rule: "repeated" as const };
  return type.startsWith("%") ? { keyType: "string", type: bare, id } : { type, id };
}

/** What writes messages of `types` as bytes, their fields by the names there. */
export function protobufWriter<Name extends string>(
  types: Readonly<Record<Name, ReturnType<typeof message>>>,
) {
  const root = protobuf.Root.fromJSON({ nested: types } as protobuf.INamespace);
  return (type: Name, fields: object): Uint8Array => {
    const schema = root.lookupType(type);
    const wrong = schema.verify(fields);
    if (wrong !== null) throw new Error(`${type}: ${wrong}`);
    return schema.encode(schema.create(fields)).finish();
  };
}
