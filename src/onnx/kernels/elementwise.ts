import type { CastAttrs, ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from "../../tf.ts";
import { node, type Ref } from "../graph.ts";
import { scalar, Value, type ValueType } from "../value.ts";
import { alike, binary, convert, type Lowering, type Lowerings, number } from "./lowering.ts";

/** A node of floats by its name, or several. */
const unary = (make: string | ((ref: Ref) => Ref)): Lowering =>
  (({ x }: { x?: Value }, _: unknown, __: unknown, batch: number) => {
    const apply = typeof make === "string" ? (ref: Ref) => node(make, [ref]) : make;
    return alike(convert(x!, "float32", batch), "float32", apply, batch);
  }) as Lowering;
/** One that keeps the type. */
const same = (op: string): Lowering =>
  (({ x }: { x?: Value }, _: unknown, __: unknown, batch: number) =>
    alike(x!, x!.type, (ref) => node(op, [ref]), batch)) as Lowering;

const one = scalar("float32", 1);

const of = (op: string, type?: ValueType): Lowering =>
  (({ a, b }: { a?: Value; b?: Value }, _: unknown, __: unknown, batch: number) =>
    binary(op, a!, b!, batch, type)) as Lowering;

/** What a sum or a product with the same number everywhere is without a node: of draws at their mean, for one. */
function simpler(op: "Add" | "Sub" | "Mul", a: Value, b: Value, batch: number): Value | undefined {
  if (a.type !== b.type) return undefined;
  const covers = (x: Value, y: Value) =>
    x.shape.length >= y.shape.length &&
    y.shape.every((n, i) => n === 1 || n === x.shape.at(i - y.shape.length));
  const neutral = op === "Mul" ? 1 : 0;
  if (b.uniform === neutral && covers(a, b)) return a;
  if (op !== "Sub" && a.uniform === neutral && covers(b, a)) return b;
  if (op !== "Mul") return undefined;
  const zero = (x: Value) => new Value(x.shape, x.type, { host: Float32Array.of(0) }, batch);
  if (a.type !== "float32") return undefined;
  if (b.uniform === 0 && covers(a, b)) return zero(a);
  return a.uniform === 0 && covers(b, a) ? zero(b) : undefined;
}

const arithmetic = (op: "Add" | "Sub" | "Mul"): Lowering =>
  (({ a, b }: { a?: Value; b?: Value }, _: unknown, __: unknown, batch: number) => {
    if (a!.type === "bool" && b!.type === "bool") return binary(op === "Add" ? "Or" : "And", a!, b!, batch);
    return simpler(op, a!, b!, batch) ?? binary(op, a!, b!, batch);
  }) as Lowering;

const negated = (x: Value, batch: number): Value => alike(x, "bool", (ref) => node("Not", [ref]), batch);

export const elementwiseKernels: Lowerings = {
  Abs: same("Abs"),
  Add: arithmetic("Add"),
  Cast: (({ x }: { x?: Value }, { dtype }: CastAttrs, _: unknown, batch: number) =>
    dtype === "float32" || dtype === "int32" || dtype === "bool"
      ? convert(x!, dtype, batch)
      : undefined) as Lowering,
  Ceil: unary("Ceil"),
  ClipByValue: ({ x }, { clipValueMin, clipValueMax }: ClipByValueAttrs, _, batch) =>
    alike(
      x!,
      "float32",
      (ref) => node("Clip", [ref, scalar("float32", clipValueMin), scalar("float32", clipValueMax)]),
      batch,
    ),
  Cos: unary("Cos"),
  Elu: unary("Elu"),
  Equal: of("Equal", "bool"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Expm1: unary((ref) => node("Sub", [node("Exp", [ref]), one])),
  Floor: unary("Floor"),
  Greater: of("Greater", "bool"),
  GreaterEqual: of("GreaterOrEqual", "bool"),
  Identity: ({ x }) => x,
  LeakyRelu: ({ x }, { alpha }: LeakyReluAttrs, _, batch) =>
    alike(x!, "float32", (ref) => node("LeakyRelu", [ref], { alpha: { float: alpha } }), batch),
  Less: of("Less", "bool"),
  LessEqual: of("LessOrEqual", "bool"),
  Log: unary("Log"),
  Log1p: unary((ref) => node("Log", [node("Add", [ref, one])])),
  LogicalAnd: of("And", "bool"),
  LogicalNot: ({ x }, _, __, batch) => negated(x!, batch),
  LogicalOr: of("Or", "bool"),
  Maximum: of("Max"),
  Minimum: of("Min"),
  Multiply: arithmetic("Mul"),
  Neg: same("Neg"),
  NotEqual: ({ a, b }, _, __, batch) => negated(binary("Equal", a!, b!, batch, "bool"), batch),
  Pow: of("Pow"),
  Prelu: ({ x, alpha }, _, __, batch) => binary("PRelu", x!, alpha!, batch),
  RealDiv: ({ a, b }, _, __, batch) =>
    binary("Div", convert(a!, "float32", batch), convert(b!, "float32", batch), batch),
  Reciprocal: unary("Reciprocal"),
  Relu: unary("Relu"),
  Relu6: unary((ref) => node("Clip", [ref, scalar("float32", 0), scalar("float32", 6)])),
  Round: unary("Round"),
  Rsqrt: unary((ref) => node("Reciprocal", [node("Sqrt", [ref])])),
  Selu: unary("Selu"),
  Sigmoid: unary("Sigmoid"),
  Sign: unary("Sign"),
  Sin: unary("Sin"),
  Softplus: unary("Softplus"),
  Sqrt: unary("Sqrt"),
  Square: unary((ref) => node("Mul", [ref, ref])),
  SquaredDifference: ({ a, b }, _, __, batch) => {
    const difference = binary("Sub", a!, b!, batch);
    return alike(difference, difference.type, (ref) => node("Mul", [ref, ref]), batch);
  },
  Step: ({ x }, { alpha }: StepAttrs, _, batch) =>
    (alpha ?? 0) !== 0
      ? undefined
      : convert(binary("Greater", x!, number(0, x!.type, batch), batch, "bool"), "float32", batch),
  Sub: arithmetic("Sub"),
  Tan: unary("Tan"),
  Tanh: unary("Tanh"),
};
