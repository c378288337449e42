import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Application, type TypeDocOptions } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { shortened } from "./shortened.ts";

/** What `src/api/index.ts` exports, as Markdown made by TypeDoc of the types and their comments. */
export async function apiReference(root: string): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), "tfjs-vae-api-"));
  try {
    const options: TypeDocOptions & PluginOptions = {
      plugin: ["typedoc-plugin-markdown"],
      out, // else it would empty docs/
      outputs: [{ name: "markdown", path: out }],
      entryPoints: [join(root, "src/api/index.ts")],
      tsconfig: join(root, "tsconfig.json"),
      skipErrorChecking: true, // `npm run types` does
      logLevel: "Error",
      readme: "none",
      disableSources: true,
      excludePrivate: true,
      excludeProtected: true,
      excludeInternal: true,
      excludeNotDocumented: true,
      sort: ["source-order"],
      groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases"],
      hidePageHeader: true,
      hidePageTitle: true,
      hideBreadcrumbs: true,
      outputFileStrategy: "modules",
      useCodeBlocks: true,
      expandParameters: true,
      parametersFormat: "table",
      interfacePropertiesFormat: "table",
      classPropertiesFormat: "table",
      typeAliasPropertiesFormat: "table",
      propertyMembersFormat: "table",
      typeDeclarationFormat: "table",
      tableColumnSettings: {
        hideInherited: true,
        hideOverrides: true,
        hideModifiers: true,
        hideSources: true,
      },
    };
    const app = await Application.bootstrapWithPlugins(options);
    const project = await app.convert();
    if (project === undefined) throw new Error("TypeDoc could not read src/api/index.ts");
    await app.generateOutputs(project);
    return shortened(readFileSync(join(out, "README.md"), "utf8"));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
