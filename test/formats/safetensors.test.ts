import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../../src/formats/safetensors.ts";
import { formula } from "../support/formula.ts";
import { maxDifference } from "../support/models.ts";
import { parity } from "../support/reference.ts";

/** A file of this header text (or length) and body. */
function file(header: string, body: Uint8Array = new Uint8Array(0), length?: number): Uint8Array {
  const text = Buffer.from(header);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(length ?? text.length));
  return Buffer.concat([head, text, body]);
}

const entry = (dtype: string, shape: number[], from: number, to: number) =>
  JSON.stringify({ dtype, shape, data_offsets: [from, to] });

const TENSORS: [string, TensorToStore][] = [
  ["z", { shape: [3], dtype: "F16", data: Float32Array.of(1, -0.5, 65504) }],
  ["10", { shape: [2, 2], data: Float32Array.of(1, 2, 3, Number.NaN) }],
  ["2", { shape: [], data: Float64Array.of(Math.PI) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ["b", { shape: [3], dtype: "BOOL", data: Uint8Array.of(1, 0, 1) }],
  ["bf", { shape: [1], dtype: "BF16", data: Float32Array.of(3.140625) }],
  ["i", { shape: [2], data: Int32Array.of(-1, 7) }],
  ["l", { shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
  ["u", { shape: [1], data: Uint8Array.of(255) }],
];

describe("writing and reading back", () => {
  it("keeps values, types, shapes, metadata and the order of names", () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(TENSORS, { step: "7", ä: "ö" }));
    expect([...tensors.keys()]).toEqual(TENSORS.map(([name]) => name));
    expect(metadata).toEqual({ step: "7", ä: "ö" });
    for (const [name, { shape, data, dtype }] of TENSORS) {
      expect(tensors.get(name)!.shape).toEqual(shape);
      expect(tensors.get(name)!.data).toEqual(data);
      if (dtype) expect(tensors.get(name)!.dtype).toBe(dtype);
    }
  });

  it("gives the same tensors from a file and from bytes at an odd address", () => {
    const bytes = writeSafetensors(TENSORS);
    const odd = new Uint8Array(bytes.length + 1).subarray(1);
    odd.set(bytes);
    const folder = mkdtempSync(path.join(os.tmpdir(), "safetensors-"));
    const name = path.join(folder, "x.safetensors");
    writeFileSync(name, bytes);
    expect(readSafetensors(odd)).toEqual(readSafetensors(bytes));
    expect(readSafetensors(name)).toEqual(readSafetensors(bytes));
    rmSync(folder, { recursive: true });
  });

  it("rounds to 16 bits to the nearest, ties to even", () => {
    const values = Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519, 65520);
    const half = Float32Array.of(1, 1 + 2 ** -9, 0, 2 ** -23, 65504, Number.POSITIVE_INFINITY);
    const brain = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 0.1, -0.1);
    const { tensors } = readSafetensors(
      writeSafetensors([
        ["half", { shape: [6], dtype: "F16", data: values }],
        ["brain", { shape: [4], dtype: "BF16", data: brain }],
      ]),
    );
    expect(tensors.get("half")!.data).toEqual(half);
    expect(tensors.get("brain")!.data).toEqual(
      Float32Array.of(1, 1 + 2 ** -6, 0.10009765625, -0.10009765625),
    );
  });

  it("keeps every finite 16-bit number", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((b) => (b & 0x7c00) !== 0x7c00);
    const body = new Uint8Array(bits.buffer);
    const source = file(`{"w":${entry("F16", [bits.length], 0, body.length)}}`, body);
    const { data } = readSafetensors(source).tensors.get("w")!;
    const again = writeSafetensors([
      ["w", { shape: [bits.length], dtype: "F16", data: data as Float32Array }],
    ]);
    expect(Buffer.compare(again.subarray(again.length - body.length), body)).toBe(0);
  });

  it("refuses data that do not fit their shape or type", () => {
    expect(() => writeSafetensors([["w", { shape: [3], data: new Float32Array(2) }]])).toThrow(
      /needs 3 numbers/,
    );
    expect(() => writeSafetensors([["w", { shape: [2], dtype: "I32", data: new Float32Array(2) }]])).toThrow(
      RangeError,
    );
    expect(() => writeSafetensors([["__proto__", { shape: [0], data: new Float32Array(0) }]])).toThrow(
      RangeError,
    );
  });
});

describe("a damaged file is refused", () => {
  const eight = new Uint8Array(8);
  it.each([
    ["no bytes", new Uint8Array(0), /at least 8 bytes, got 0/],
    ["a header longer than the file", file("{}", eight, 100), /says to be 100 bytes long, of 10/],
    ["a header length of 2^63", file("{}", eight, 2 ** 63), /bytes long, of 10/],
    ["a header that is no JSON", file("{w"), /its header is not JSON/],
    ["a header that is a list", file("[]"), /not a JSON object/],
    ["a header that is not UTF-8", file("{}").fill(0xff, 8), /its header is not JSON/],
    ["text after the header", file("{} {}"), /expected the end/],
    [
      "a name twice",
      file(`{"w":${entry("F32", [1], 0, 4)},"w":${entry("F32", [1], 4, 8)}}`, eight),
      /"w" occurs twice/,
    ],
    ["the name __proto__", file(`{"__proto__":${entry("F32", [2], 0, 8)}}`, eight), /__proto__/],
    [
      "an unknown type",
      file(`{"w":${entry("F8_E4M3", [8], 0, 8)}}`, eight),
      /expected a dtype of .*got "F8_E4M3"/,
    ],
    ["a type from the prototype", file(`{"w":${entry("toString", [8], 0, 8)}}`, eight), /expected a dtype/],
    ["a negative size", file(`{"w":${entry("F32", [-2], 0, 8)}}`, eight), /no shape of whole numbers/],
    ["a wrong byte count", file(`{"w":${entry("F32", [3], 0, 8)}}`, eight), /needs 12 bytes, but has 8/],
    [
      "a shape that overflows",
      file(`{"w":${entry("U8", [2 ** 52, 2 ** 52], 0, 8)}}`, eight),
      /needs .* bytes/,
    ],
    ["offsets beyond the end", file(`{"w":${entry("F32", [4], 0, 16)}}`, eight), /of 8 there are/],
    ["offsets in reverse", file(`{"w":${entry("F32", [0], 8, 4)}}`, eight), /lies at bytes 8 to 4/],
    [
      "overlapping tensors",
      file(`{"a":${entry("F32", [2], 0, 8)},"b":${entry("F32", [1], 4, 8)}}`, eight),
      /"b" starts at byte 4, expected 8/,
    ],
    ["a gap", file(`{"w":${entry("F32", [1], 4, 8)}}`, eight), /starts at byte 4, expected 0/],
    ["bytes left over", file(`{"w":${entry("F32", [1], 0, 4)}}`, eight), /take 4 bytes, but 8 are there/],
    [
      "an unknown key",
      file(`{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}`),
      /unknown key "x"/,
    ],
    ["metadata that are no text", file(`{"__metadata__":{"a":1}}`), /"a" is not a string/],
    ["objects nested without end", file('{"a":'.repeat(100_000)), /nested too deeply/],
  ])("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(DataError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("whatever its length, where it is cut short", () => {
    const whole = writeSafetensors(TENSORS, { step: "7" });
    for (let length = 0; length < whole.length; length++)
      expect(() => readSafetensors(whole.subarray(0, length))).toThrow(DataError);
  });

  it("with its name where it is missing", () => {
    expect(() => readSafetensors("no/such.safetensors")).toThrow(
      /no\/such\.safetensors: can't be read \(ENOENT\)/,
    );
  });
});

describe("files of other writers", () => {
  it("are read: F32, F64, F16 and I64 of the safetensors library", () => {
    const { tensors } = readSafetensors(parity("library.safetensors"));
    expect(tensors.get("x")!.shape).toEqual([2, 3, 4]);
    expect(tensors.get("x")!.data).toEqual(Float32Array.from(formula(24, 840)));
    expect(tensors.get("losses")!.data).toEqual(formula(6, 841));
    expect(maxDifference(tensors.get("half")!.data as Float32Array, formula(4, 842))).toBeLessThan(2 ** -12);
    expect(tensors.get("step")!.data).toEqual(BigInt64Array.of(3n));
  });
});
