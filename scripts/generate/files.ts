import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { schemaText } from "../../src/cli/commands/schema.ts";
import { withGallery } from "../gallery/page.ts";
import { markedSection } from "../variants_table/marked_section.ts";
import { withVariants } from "../variants_table/section.ts";
import { apiReference } from "./api_reference.ts";

/** The repository's folder, with a slash at the end. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The files that follow from the registries, by name, as they are to be; `measured`: new numbers of variants. */
export async function generatedFiles(
  measured?: ReadonlyMap<string, readonly string[]>,
): Promise<Record<string, string>> {
  return {
    "schema/config.schema.json": await schemaText(),
    "docs/gallery.md": await withGallery(readFileSync(`${root}docs/gallery.md`, "utf8"), root),
    "docs/api.md": markedSection(
      readFileSync(`${root}docs/api.md`, "utf8"),
      "scripts/generate/api_reference.ts",
      await apiReference(root),
    ),
    "README.md": await withVariants(readFileSync(`${root}README.md`, "utf8"), measured),
  };
}
