import { expect, it } from "vitest";
import { isSoftware } from "../../../src/backends/webgpu/gpu.ts";

it("knows an adapter that is software: by what the browser says, else by its name", () => {
  expect(isSoftware({ vendor: "google", architecture: "swiftshader", isFallbackAdapter: true })).toBe(true);
  expect(isSoftware({ vendor: "nvidia", architecture: "ampere", isFallbackAdapter: false })).toBe(false);
  expect(isSoftware({ vendor: "google", architecture: "swiftshader" })).toBe(true);
  expect(isSoftware({ vendor: "mesa", description: "llvmpipe (LLVM 19.1.7, 256 bits)" })).toBe(true);
  expect(isSoftware({ vendor: "microsoft", description: "Microsoft Basic Render Driver" })).toBe(true);
  expect(isSoftware({ vendor: "apple", architecture: "metal-3" })).toBe(false);
  expect(isSoftware({})).toBe(false);
});
