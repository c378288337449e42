import { splatText } from "./literal.ts";
import { type ElementType, type Shape, sameShape } from "./types.ts";
import { operation, type Value } from "./value.ts";

/** `value` everywhere. */
export const constant = (type: ElementType, value: number, shape: Shape = []): Value =>
  operation(shape, type, "constant", [], () => splatText(type, value, shape), { splat: value });

/** `value` in the shape and type of `x`. */
export const like = (x: Value, value: number): Value => constant(x.type, value, x.shape);

export const unary = (name: string, x: Value): Value =>
  operation(x.shape, x.type, name, [x], ([a], _, type) => `stablehlo.${name} ${a} : ${type}`);

/** An operation on two values of one shape and type. */
export function binary(name: string, a: Value, b: Value): Value {
  if (!sameShape(a.shape, b.shape) || a.type !== b.type)
    throw new Error(`${name}: expected one type, got ${a.typeText} and ${b.typeText}`);
  return operation(
    a.shape,
    a.type,
    name,
    [a, b],
    ([x, y], _, type) => `stablehlo.${name} ${x}, ${y} : ${type}`,
  );
}

export const add = (a: Value, b: Value): Value => binary("add", a, b);
export const subtract = (a: Value, b: Value): Value => binary("subtract", a, b);
export const multiply = (a: Value, b: Value): Value => binary("multiply", a, b);
export const divide = (a: Value, b: Value): Value => binary("divide", a, b);
export const scale = (x: Value, by: number): Value => multiply(x, like(x, by));
export const square = (x: Value): Value => multiply(x, x);

export type Direction = "EQ" | "NE" | "GT" | "GE" | "LT" | "LE";

export const compare = (direction: Direction, a: Value, b: Value): Value =>
  operation(
    a.shape,
    "bool",
    "compare",
    [a, b],
    ([x, y], [s, t], type) => `stablehlo.compare ${direction}, ${x}, ${y} : (${s}, ${t}) -> ${type}`,
  );

export const isPositive = (x: Value): Value => compare("GT", x, like(x, 0));

/** `a` where `where` is true, else `b`; all of one shape. */
export const select = (where: Value, a: Value, b: Value): Value =>
  operation(
    a.shape,
    a.type,
    "select",
    [where, a, b],
    ([p, x, y], [s], type) => `stablehlo.select ${p}, ${x}, ${y} : ${s}, ${type}`,
  );

export const convert = (x: Value, type: ElementType): Value =>
  x.type === type
    ? x
    : operation(x.shape, type, "convert", [x], ([a], [s], to) => `stablehlo.convert ${a} : (${s}) -> ${to}`);

export const toFloat = (x: Value): Value => convert(x, "float32");
