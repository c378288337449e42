/** A JSON object with its names in the order they were written; JSON.parse would move "0" before "a". */
export type JsonObject = Map<string, Json>;
export type Json = null | boolean | number | string | Json[] | JsonObject;

const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}[\],:"]+)|$)/y;
const MAX_DEPTH = 32;

/**
 * The value of a JSON text, objects as Map. Stricter than JSON.parse: a name may occur only once in an object
 * and may not be `__proto__`. @throws SyntaxError
 */
export function parseStrictJson(text: string): Json {
  const token = new RegExp(TOKEN);
  let punctuation: string | undefined;
  let scalar: string | undefined;
  const next = () => {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw new SyntaxError(`unexpected text at character ${at}`);
    punctuation = match[1];
    scalar = match[2] ?? match[3];
  };
  const expected = (what: string): never => {
    throw new SyntaxError(`expected ${what} before character ${token.lastIndex}`);
  };
  const value = (depth: number): Json => {
    if (depth > MAX_DEPTH) throw new SyntaxError("nested too deeply");
    if (scalar !== undefined) return JSON.parse(scalar) as Json;
    if (punctuation === "{") return object(depth);
    if (punctuation === "[") return array(depth);
    return expected("a value");
  };
  const object = (depth: number): JsonObject => {
    const out: JsonObject = new Map();
    next();
    if (punctuation === "}") return out;
    for (;;) {
      if (scalar === undefined || !scalar.startsWith('"')) expected("a name");
      const name = JSON.parse(scalar as string) as string;
      if (name === "__proto__") throw new SyntaxError('the name "__proto__" is not allowed');
      if (out.has(name)) throw new SyntaxError(`the name ${JSON.stringify(name)} occurs twice`);
      next();
      if (punctuation !== ":") expected('":"');
      next();
      out.set(name, value(depth + 1));
      next();
      if (punctuation === "}") return out;
      if (punctuation !== ",") expected('"," or "}"');
      next();
    }
  };
  const array = (depth: number): Json[] => {
    const out: Json[] = [];
    next();
    if (punctuation === "]") return out;
    for (;;) {
      out.push(value(depth + 1));
      next();
      if (punctuation === "]") return out;
      if (punctuation !== ",") expected('"," or "]"');
      next();
    }
  };
  next();
  const result = value(0);
  next();
  if (punctuation !== undefined || scalar !== undefined) expected("the end");
  return result;
}
