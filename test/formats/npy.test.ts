import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/formats/npy.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { folder } from "../support/configs.ts";
import { numpyLoad } from "../support/numpy.ts";
import { tensorboardPython } from "../support/tensorboard.ts";

beforeAll(() => void tensorboardPython(), 300_000);

const arrays = {
  floats: { shape: [2, 3], data: Float32Array.of(0, -1.5, 2 ** 127, 2 ** -149, 0.5, 7) },
  whole: { shape: [3], data: Int32Array.of(1, -2, 2 ** 31 - 1) },
  bytes: { shape: [1, 2, 1], data: Uint8Array.of(0, 255) },
  texts: { shape: [3], data: ["größe", "", "a😀"] },
  none: { shape: [0, 4], data: new Float32Array(0) },
  one: { shape: [], data: Float32Array.of(5) },
};

describe("NumPy reads", () => {
  it("arrays of every kind by name from a .npz file", async () => {
    const file = join(folder({ "a.npz": await encodeNpz(arrays) }), "a.npz");
    const found = numpyLoad(file);
    expect(found.floats).toEqual({
      shape: [2, 3],
      dtype: "float32",
      values: [0, -1.5, 2 ** 127, 2 ** -149, 0.5, 7],
    });
    expect(found.whole).toEqual({ shape: [3], dtype: "int32", values: [1, -2, 2147483647] });
    expect(found.bytes).toEqual({ shape: [1, 2, 1], dtype: "uint8", values: [0, 255] });
    expect(found.texts).toEqual({ shape: [3], dtype: "<U5", values: ["größe", "", "a😀"] });
    expect(found.none).toEqual({ shape: [0, 4], dtype: "float32", values: [] });
    expect(found.one).toEqual({ shape: [], dtype: "float32", values: [5] });
  });

  it("an array from a .npy file, also where its values are a part of a larger buffer", () => {
    const whole = Float32Array.of(9, 1, 2, 3, 4, 9);
    const file = join(folder({ "a.npy": encodeNpy({ shape: [2, 2], data: whole.subarray(1, 5) }) }), "a.npy");
    expect(numpyLoad(file)[""]).toEqual({ shape: [2, 2], dtype: "float32", values: [1, 2, 3, 4] });
  });
});

it("the same arrays give the same bytes", async () => {
  expect(await encodeNpz(arrays)).toEqual(await encodeNpz(arrays));
});

it("a shape that does not fit the values is refused", () => {
  expect(() => encodeNpy({ shape: [2, 2], data: Float32Array.of(1) })).toThrow(/wants 4 values, got 1/);
});
