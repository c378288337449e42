import { type ElementType, type HostValues, type Shape, sizeOf, tensorType } from "./types.ts";

const word = new DataView(new ArrayBuffer(4));

/** One number as StableHLO writes it; floats by their bits, so that none is rounded. */
function literal(type: ElementType, value: number): string {
  if (type === "bool") return value ? "true" : "false";
  if (type === "int32" || type === "uint8") return String(value | 0);
  word.setFloat32(0, value);
  const bits = type === "bfloat16" ? word.getUint16(0) : word.getUint32(0);
  return `0x${bits
    .toString(16)
    .toUpperCase()
    .padStart(type === "bfloat16" ? 4 : 8, "0")}`;
}

/** A constant of one value everywhere. */
export const splatText = (type: ElementType, value: number, shape: Shape): string =>
  `stablehlo.constant dense<${literal(type, value)}> : ${tensorType(shape, type)}`;

/** A constant of these values, row by row. */
export function denseText(type: ElementType, values: HostValues, shape: Shape): string {
  const of = tensorType(shape, type);
  if (sizeOf(shape) === 0) return `stablehlo.constant dense<> : ${of}`;
  if (values.every((v) => Object.is(v, values[0]))) return splatText(type, values[0]!, shape);
  if (type === "bool")
    return `stablehlo.constant dense<${nested(
      [...values].map((v) => literal(type, v)),
      shape,
    )}> : ${of}`;
  const { buffer, byteOffset, byteLength } = values;
  const bytes = Buffer.from(buffer, byteOffset, byteLength).toString("hex").toUpperCase();
  return `stablehlo.constant dense<"0x${bytes}"> : ${of}`;
}

function nested(texts: readonly string[], shape: Shape): string {
  const [count, ...inner] = shape;
  if (count === undefined) return texts[0]!;
  const step = texts.length / count;
  const rows = Array.from({ length: count }, (_, i) => nested(texts.slice(i * step, (i + 1) * step), inner));
  return `[${rows.join(", ")}]`;
}
