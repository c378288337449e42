import { expect, it } from "vitest";
import { checkFits } from "../../../src/backends/xla/fits.ts";
import { EngineError } from "../../../src/errors.ts";

const device = { inUse: 1e9, peak: 2e9, limit: 80e9 };

it("a step that takes more than the device has is refused with both numbers and a remedy", () => {
  expect(() => checkFits(91.5e9, device)).toThrow(
    new EngineError(
      "The device's memory does not suffice: the training step takes 91.5 GB, the device has 80.0 GB. Take a smaller train_batch_size, or trainer_params.precision: bfloat16.",
    ),
  );
});

it.each([
  ["it fits", 80e9, device],
  ["the compiler says nothing", undefined, device],
  ["the device says nothing", 91.5e9, undefined],
  ["the device knows no limit", 91.5e9, { ...device, limit: undefined }],
])("and is taken where %s", (_, bytes, of) => {
  expect(() => checkFits(bytes, of)).not.toThrow();
});
