import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { editorSchema } from "../config/editor_schema.ts";
import { projectRegistries } from "../config/registries.ts";
import { UserError } from "../errors.ts";
import { endingOf } from "./endings.ts";
import { examples } from "./examples.ts";

/** `vae schema`: the JSON Schema of every config, as `schema/config.schema.json` keeps it. */
export function addSchema(program: Command): void {
  program
    .command("schema")
    .description("print the JSON Schema of configs, for editors")
    .option("--out <file>", "write it there instead")
    .addHelpText(
      "after",
      examples({ "vae schema --out schema/config.schema.json": "as the project keeps it" }),
    )
    .action(async ({ out }: { out?: string }) => {
      if (out !== undefined) endingOf("--out", out, [".json"]);
      const text = await schemaText();
      if (out === undefined) process.stdout.write(text);
      else write(out, text);
    });
}

/** The schema as it is printed and kept. */
export async function schemaText(): Promise<string> {
  return `${JSON.stringify(editorSchema(await projectRegistries()), null, 2)}\n`;
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (cause) {
    throw new UserError(`--out: can't write ${file}: ${(cause as Error).message}`, { cause });
  }
}
