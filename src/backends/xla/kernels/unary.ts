import type { CastAttrs, ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from "../../../tf.ts";
import {
  add,
  binary,
  compare,
  convert,
  divide,
  isPositive,
  like,
  multiply,
  scale,
  select,
  square,
  subtract,
  toFloat,
  unary,
} from "../stablehlo/elementwise.ts";
import type { ElementType } from "../stablehlo/types.ts";
import { operation, type Value } from "../stablehlo/value.ts";
import type { Lowering, Lowerings } from "./lowering.ts";

const of =
  (f: (x: Value) => Value): Lowering =>
  ({ x }) =>
    f(x!);
/** An operation that takes floats alone. */
const named = (name: string): Lowering => of((x) => unary(name, toFloat(x)));

const atLeast = (x: Value, low: number): Value => binary("maximum", x, like(x, low));
const atMost = (x: Value, high: number): Value => binary("minimum", x, like(x, high));

/** x where it is positive, else `other`. */
const orElse = (x: Value, other: Value): Value => select(isPositive(x), x, other);

export const leakyRelu = (x: Value, slope: number): Value => orElse(x, scale(x, slope));

/** The activations that tfjs fuses into convolutions and products; undefined for another. */
export function activate(x: Value, name: string | undefined, slope = 0.2): Value | undefined {
  switch (name) {
    case undefined:
    case "linear":
      return x;
    case "relu":
      return atLeast(x, 0);
    case "relu6":
      return atMost(atLeast(x, 0), 6);
    case "sigmoid":
      return unary("logistic", x);
    case "leakyrelu":
      return leakyRelu(x, slope);
    case "elu":
      return orElse(x, unary("exponential_minus_one", x));
    default:
      return undefined;
  }
}

/** log(1 + e^x) without an overflow. */
const softplus = (x: Value): Value =>
  add(atLeast(x, 0), unary("log_plus_one", unary("exponential", unary("negate", unary("abs", x)))));

const isNan = (x: Value): Value => compare("NE", x, x);

const isFiniteNumber = (x: Value): Value =>
  operation(
    x.shape,
    "bool",
    "is_finite",
    [x],
    ([a], [s], type) => `stablehlo.is_finite ${a} : (${s}) -> ${type}`,
  );

const SELU_SCALE = 1.0507009873554805; // arXiv 1706.02515, as tfjs has it
const SELU_SLOPE = 1.7580993408473768;

/** e^x - 1 over and e^-x: the hyperbolic functions by their definitions. */
const halfOf = (name: "add" | "subtract") => (x: Value) =>
  scale(binary(name, unary("exponential", x), unary("exponential", unary("negate", x))), 0.5);

const castTo = (x: Value, type: ElementType): Value =>
  type === "bool" && x.type !== "bool" ? compare("NE", x, like(x, 0)) : convert(x, type);

const cast = ({ x }: { readonly x?: Value }, { dtype }: CastAttrs): Value | undefined =>
  dtype === "float32" || dtype === "int32" || dtype === "bool" ? castTo(x!, dtype) : undefined;

export const unaryKernels: Lowerings = {
  Abs: of((x) => unary("abs", x)),
  Cast: cast as Lowering,
  Ceil: named("ceil"),
  ClipByValue: ({ x }, { clipValueMin, clipValueMax }: ClipByValueAttrs) =>
    atMost(atLeast(x!, clipValueMin), clipValueMax),
  Cos: named("cosine"),
  Cosh: of(halfOf("add")),
  Elu: of((x) => activate(x, "elu")!),
  EluGrad: ({ dy, y }) => select(compare("GE", y!, like(y!, 0)), dy!, multiply(dy!, add(y!, like(y!, 1)))),
  Exp: named("exponential"),
  Expm1: named("exponential_minus_one"),
  Floor: named("floor"),
  IsFinite: of(isFiniteNumber),
  IsInf: of((x) => compare("EQ", unary("abs", x), like(x, Number.POSITIVE_INFINITY))),
  IsNan: of(isNan),
  LeakyRelu: ({ x }, { alpha }: LeakyReluAttrs) => leakyRelu(x!, alpha),
  Log: named("log"),
  Log1p: named("log_plus_one"),
  LogicalNot: of((x) => unary("not", x)),
  Neg: of((x) => unary("negate", x)),
  Reciprocal: of((x) => divide(like(x, 1), x)),
  Relu: of((x) => atLeast(x, 0)),
  Relu6: of((x) => activate(x, "relu6")!),
  Round: named("round_nearest_even"),
  Rsqrt: named("rsqrt"),
  Selu: of((x) =>
    select(isPositive(x), scale(x, SELU_SCALE), scale(unary("exponential_minus_one", x), SELU_SLOPE)),
  ),
  Sigmoid: named("logistic"),
  Sign: of((x) => unary("sign", x)),
  Sin: named("sine"),
  Sinh: of(halfOf("subtract")),
  Softplus: of(softplus),
  Sqrt: named("sqrt"),
  Square: of(square),
  Step: ({ x }, { alpha }: StepAttrs) => {
    const step = select(isPositive(x!), like(x!, 1), like(x!, alpha ?? 0));
    return select(isNan(x!), subtract(x!, like(x!, 0)), step);
  },
  Tan: named("tan"),
  Tanh: named("tanh"),
};
