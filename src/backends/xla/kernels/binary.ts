import {
  add,
  binary,
  compare,
  convert,
  type Direction,
  divide,
  like,
  multiply,
  select,
  square,
  subtract,
  toFloat,
  unary,
} from "../stablehlo/elementwise.ts";
import type { Value } from "../stablehlo/value.ts";
import { type Lowering, type Lowerings, together } from "./lowering.ts";

/** Of two values that broadcast. */
const of =
  (f: (a: Value, b: Value) => Value): Lowering =>
  ({ a, b }) =>
    f(...together(a!, b!));
const named = (name: string): Lowering => of((a, b) => binary(name, a, b));
const comparison = (direction: Direction): Lowering => of((a, b) => compare(direction, a, b));

/** The remainder with the sign of the divisor, as tfjs has it. */
function modulo(a: Value, b: Value): Value {
  const rest = binary("remainder", a, b);
  const zero = like(a, 0);
  const sameSign = compare("EQ", compare("LT", a, zero), compare("LT", b, zero));
  return select(sameSign, rest, binary("remainder", add(rest, b), b));
}

/** a b; b where `a` is a 1 of JavaScript's, which is how tfjs copies. */
function product(a: Value, b: Value): Value {
  const isOne = (x: Value) => x.shape.length === 0 && !x.input && x.host?.[0] === 1;
  if (a.type === b.type && isOne(b)) return a;
  if (a.type === b.type && isOne(a)) return b;
  const [x, y] = together(a, b);
  return x.type === "bool" ? binary("and", x, y) : multiply(x, y);
}

export const binaryKernels: Lowerings = {
  Add: of((a, b) => (a.type === "bool" ? binary("or", a, b) : add(a, b))),
  Atan2: of((a, b) => binary("atan2", toFloat(a), toFloat(b))),
  Equal: comparison("EQ"),
  FloorDiv: of((a, b) => convert(unary("floor", divide(toFloat(a), toFloat(b))), a.type)),
  Greater: comparison("GT"),
  GreaterEqual: comparison("GE"),
  Less: comparison("LT"),
  LessEqual: comparison("LE"),
  LogicalAnd: named("and"),
  LogicalOr: named("or"),
  Maximum: named("maximum"),
  Minimum: named("minimum"),
  Mod: of(modulo),
  Multiply: ({ a, b }) => product(a!, b!),
  NotEqual: comparison("NE"),
  Pow: named("power"),
  Prelu: ({ x, alpha }) => {
    const [a, slope] = together(x!, alpha!);
    return select(compare("LT", a, like(a, 0)), multiply(slope, a), a);
  },
  RealDiv: of((a, b) => divide(toFloat(a), toFloat(b))),
  SquaredDifference: of((a, b) => square(subtract(a, b))),
  Sub: of(subtract),
};
