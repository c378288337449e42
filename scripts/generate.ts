import { existsSync, writeFileSync } from "node:fs";
import { modelNames } from "../src/models/registry.ts";
import { generatedFiles, root } from "./generate/files.ts";
import { pictureOf } from "./variants_table/section.ts";

// npm run generate writes what follows from the registries, the schema of configs for editors and README's rows of
// variants, their numbers as they are, and from the types of src/api, docs/api.md's reference.
// test/config/generated.test.ts says when that is stale.
for (const [file, text] of Object.entries(await generatedFiles())) {
  writeFileSync(`${root}${file}`, text);
  console.log(file);
}
for (const name of modelNames().filter((name) => !existsSync(`${root}${pictureOf(name, "samples")}`)))
  console.log(
    `${name} has no pictures and numbers yet: npx tsx scripts/variants_table.ts ${name} trains it.`,
  );
