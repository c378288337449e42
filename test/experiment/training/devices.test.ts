import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/errors.ts";
import { devicesNote, devicesOf } from "../../../src/experiment/training/devices.ts";

const config = (devices: number | "auto", batch = 64, compile = true) =>
  ({ trainer_params: { devices, compile }, data_params: { train_batch_size: batch } }) as never;
const four = { name: "xla", devices: 4 } as never;
const wasm = { name: "wasm" } as never;

describe("trainer_params.devices", () => {
  it("is a number, or all that are there", () => {
    expect([1, 2, 4, "auto" as const].map((n) => devicesOf(config(n), four))).toEqual([1, 2, 4, 4]);
    expect(devicesOf(config("auto"), wasm)).toBe(1);
  });

  it("is refused where there are fewer, parts would be uneven, or steps are not compiled", () => {
    const refused = (...args: Parameters<typeof devicesOf>) => {
      try {
        devicesOf(...args);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return (error as Error).message;
      }
      return undefined;
    };
    expect(refused(config(2), wasm)).toBe(
      "trainer_params.devices: expected at most 1, since the backend wasm has 1 device here, got 2. Several accelerators train by --backend xla; auto takes all that are there.",
    );
    expect(refused(config(8), four)).toMatch(
      /expected at most 4, since the backend xla has 4 devices here, got 8/,
    );
    expect(refused(config("auto", 50), four)).toMatch(
      /expected a divisor of data_params.train_batch_size, 50, .* got 4. Take a batch of 52, or fewer devices/,
    );
    expect(refused(config(2, 64, false), four)).toMatch(
      /expected 1 with trainer_params.compile: false, got 2/,
    );
  });

  it("is said where there are several", () => {
    expect(devicesNote(2, { config: config(2), backend: four })).toBe(
      "note   2 of 4 devices train together, each on 32 images of a batch of 64",
    );
    expect(devicesNote(1, { config: config(1), backend: four })).toMatch(
      /4 devices are here, of which one trains/,
    );
  });
});
