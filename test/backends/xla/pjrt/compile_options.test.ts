import { expect, it } from "vitest";
import { encodeCompileOptions } from "../../../../src/backends/xla/pjrt/compile_options.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

it("of one device: any device, one replica, one partition", () => {
  // 3: { 1: -1, 4: 1, 5: 1 }
  expect(hex(encodeCompileOptions({}))).toBe("1a0f08ffffffffffffffffff0120012801");
});

it("of two devices: two partitions, the devices in their order", () => {
  // 3: { 1: -1, 4: 1, 5: 2, 6: 1, 9: { 1: 1, 2: 2, 3: { 1: [5] }, 3: { 1: [300] } } }
  expect(hex(encodeCompileOptions({ devices: [5, 300] }))).toBe(
    "1a2208ffffffffffffffffff012001280230014a0f080110021a030a01051a040a02ac02",
  );
});

it("flags: a text, a truth, an integer, a number", () => {
  const bytes = encodeCompileOptions({ flags: { a: "x", b: false, c: 0, d: 0.5 } });
  // each 7: { 1: name, 2: { the value's own field, though it be zero } }
  expect(hex(bytes).slice("1a0f08ffffffffffffffffff0120012801".length)).toBe(
    [
      "3a080a016112030a0178",
      "3a070a016212021000",
      "3a070a016312021800",
      "3a0e0a0164120921000000000000e03f",
    ].join(""),
  );
});
