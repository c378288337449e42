import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { browserBundle, webgpuFile } from "../support/browser_bundle.ts";
import { folder } from "../support/configs.ts";

describe("the bundle for browsers", () => {
  it("has nothing of Node nor of WebGPU, and less than 400 kB with its kernels", async () => {
    const file = join(folder({}), "index.js");
    const { metafile, outputFiles } = await browserBundle(file, { write: false }); // fails where a module isn't found
    const [output] = Object.values(metafile.outputs);
    expect(output!.imports).toEqual([{ path: "./webgpu.js", kind: "dynamic-import", external: true }]);
    const inputs = Object.keys(metafile.inputs);
    expect(
      inputs.filter((name) => /koffi|sharp|undici|yauzl|yazl|\bcli\/|backend-webgpu/.test(name)),
    ).toEqual([]);
    expect(inputs.some((name) => name.endsWith("src/tf.browser.ts"))).toBe(true);
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThan(400_000);
  });

  it("has WebGPU in a file of less than 100 kB, without a tfjs-core of its own", async () => {
    const root = folder({});
    const files = await webgpuFile(root);
    expect(files.filter((name) => /tfjs-core/.test(name))).toEqual([]);
    expect(files.some((name) => /tfjs-backend-webgpu/.test(name))).toBe(true);
    expect(gzipSync(readFileSync(join(root, "webgpu.js"))).length).toBeLessThan(100_000);
  });
});
