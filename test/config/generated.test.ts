import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatedFiles, root } from "../../scripts/generate/files.ts";
import { withVariants } from "../../scripts/variants_table/section.ts";

// Reading all types takes a while on a busy machine.
test("what is generated is what `npm run generate` makes", { timeout: 600_000 }, async () => {
  for (const [file, text] of Object.entries(await generatedFiles()))
    expect(readFileSync(root + file, "utf8") === text, `${file} is stale: npm run generate`).toBe(true);
});

test("README's row of a variant gets the numbers measured, and a missing row is made with none", async () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const row = (text: string, name: string) =>
    text.split("\n").find((line) => line.startsWith(`| [\`${name}\`](src/models/`));
  const without = readme.replace(`${row(readme, "IWAE")!}\n`, "");
  const made = await withVariants(without, new Map([["DFCVAE", ["1", "2.0", "0.03"]]]));
  expect(row(made, "IWAE")).toMatch(/\(configs\/iwae\.yaml\) \| {2}\| {2}\| {2}\|$/);
  expect(row(made, "DFCVAE")).toMatch(/ \| 1 \| 2\.0 \| 0\.03 \|$/);
  expect(row(made, "VanillaVAE")).toBe(row(readme, "VanillaVAE"));
});
