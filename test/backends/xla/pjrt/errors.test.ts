import { describe, expect, it } from "vitest";
import { PjrtError } from "../../../../src/backends/xla/pjrt/index.ts";
import { EngineError } from "../../../../src/errors.ts";

describe("an error of a PJRT plugin", () => {
  it("is one of the engine, with its code, its own words and a remedy", () => {
    const error = new PjrtError(5, "NOT_FOUND: No visible GPU devices.", "Client_Create");
    expect(error).toBeInstanceOf(EngineError);
    expect(error.code).toBe("NOT_FOUND");
    expect(error.message).toBe(
      "XLA: Client_Create failed with NOT_FOUND: No visible GPU devices. npx vae doctor says what the machine has and what is missing.",
    );
  });

  it.each([
    ["Out of memory allocating 17592186044416 bytes.", "no room for 17592.2 GB (17592186044416 bytes) more"],
    ["Out of memory while trying to allocate 1.50GiB.", "no room for 1.50GiB more"],
    [
      "Ran out of memory in memory space hbm. Used 21.03G of 15.75G hbm. Exceeded hbm capacity by 5.28G.",
      "the program takes 21.03G, the device has 15.75G",
    ],
    ["Too many buffers.\nAnd more.", "Too many buffers"],
  ])("says of too little memory how much was wanted: %s", (text, expected) => {
    const { message, code } = new PjrtError(8, `RESOURCE_EXHAUSTED: ${text}`, "Client_Compile");
    expect(code).toBe("RESOURCE_EXHAUSTED");
    expect(message).toBe(
      `The device's memory does not suffice: ${expected}. Take a smaller train_batch_size, or trainer_params.precision: bfloat16. XLA's own words: ${text}`,
    );
  });

  it("shows the beginning of a long text, and keeps all of it", () => {
    const text = `No compiler. ${"looked there, ".repeat(500)}`;
    const error = new PjrtError(14, text, "Compile");
    expect(error.message.length).toBeLessThan(900);
    expect(error.message).toContain("UNAVAILABLE: No compiler. looked there");
    expect(error.text).toBe(text);
  });

  it("a code that is not known here is UNKNOWN", () => {
    expect(new PjrtError(99, "?", "Client_Create").code).toBe("UNKNOWN");
  });
});
