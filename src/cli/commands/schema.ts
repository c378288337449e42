import type { Command } from "commander";
import { editorSchema } from "../../config/editor_schema.ts";
import { projectRegistries } from "../../config/registries.ts";
import { endingOf } from "../endings.ts";
import { examples } from "../examples.ts";
import { addForce, writeOutput } from "../write_output.ts";

interface Options {
  readonly out?: string;
  readonly force?: boolean;
}

/** `vae schema`: the JSON Schema of every config, as `schema/config.schema.json` keeps it. */
export function addSchema(program: Command): void {
  const command = program
    .command("schema")
    .description("print the JSON Schema of configs, for editors")
    .option("--out <file>", "write it there instead")
    .addHelpText(
      "after",
      examples({ "vae schema --out schema/config.schema.json --force": "as the project keeps it" }),
    )
    .action(async ({ out, force }: Options) => {
      if (out !== undefined) endingOf("--out", out, [".json"]);
      const text = await schemaText();
      if (out === undefined) process.stdout.write(text);
      else await writeOutput(out, text, { named: true, force });
    });
  addForce<Options>(command, ({ out }) => (out === undefined ? [] : [out]));
}

/** The schema as it is printed and kept. */
export async function schemaText(): Promise<string> {
  return `${JSON.stringify(editorSchema(await projectRegistries()), null, 2)}\n`;
}
