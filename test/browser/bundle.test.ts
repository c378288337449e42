import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { browserBundle } from "../support/browser_bundle.ts";
import { folder } from "../support/configs.ts";

describe("the bundle for browsers", () => {
  it("has nothing of Node, and less than 400 kB with its kernels", async () => {
    const file = join(folder({}), "index.js");
    const { metafile, outputFiles } = await browserBundle(file, { write: false }); // fails where a module isn't found
    const [output] = Object.values(metafile.outputs);
    expect(output!.imports).toEqual([]);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((name) => /koffi|sharp|undici|yauzl|yazl|\bcli\//.test(name))).toEqual([]);
    expect(inputs.some((name) => name.endsWith("src/tf.browser.ts"))).toBe(true);
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThan(400_000);
  });
});
