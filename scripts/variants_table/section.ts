import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config/load.ts";
import { getModel, modelNames } from "../../src/models/registry.ts";
import { markedSection } from "./marked_section.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const NUMBERS = ["ELBO, nats", "PSNR, dB", "MIG"];

/** README's name of a variant's picture. */
export const pictureOf = (name: string, what: "reconstructions" | "samples"): string =>
  `docs/images/variants/${name}_${what}.jpg`;

/**
 * README with its section on the variants made anew from the registry and configs/: paper, configs, pictures and numbers,
 * where there are some. `measured`: new numbers by variant, in the order of `NUMBERS`; the others stay, empty where there are none.
 */
export async function withVariants(
  readme: string,
  measured: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<string> {
  const configs = await configsByVariant();
  const names = modelNames();
  const variants = names.map((name) => {
    const { title, url } = getModel(name)!.paper;
    const files = configs.get(name) ?? [];
    const links = files.map((file) => `[${file.slice("configs/".length, -".yaml".length)}](${file})`);
    const numbers = measured.get(name) ?? numbersIn(readme, name);
    return [linkOf(name), `[${title}](${url})`, links.join(", "), ...numbers];
  });
  const drawn = names.filter((name) => existsSync(root + pictureOf(name, "samples")));
  const pictures = drawn.map((name) => [
    name,
    ...(["reconstructions", "samples"] as const).map(
      (what) => `![${name}: ${what}](${pictureOf(name, what)})`,
    ),
  ]);
  const section = [
    table(["variant", "paper", "configs", ...NUMBERS], variants),
    table(["", "images, each with its reconstruction to the right", "samples"], pictures),
  ].join("\n\n");
  return markedSection(readme, "scripts/variants_table.ts", section);
}

const linkOf = (name: string): string => `[\`${name}\`](src/models/${sourceOf(name)})`;

/** The file of a variant, whose name is its own in words. */
export function sourceOf(name: string): string {
  const stem = name.toLowerCase().replaceAll("_", "");
  const file = readdirSync(`${root}src/models`).find((f) => f.replaceAll("_", "") === `${stem}.ts`);
  if (file === undefined) throw new Error(`${name}: expected its file in src/models, named as it is`);
  return file;
}

/** The last cells of the row that README has of a variant. */
function numbersIn(readme: string, name: string): string[] {
  const row = readme.split("\n").find((line) => line.startsWith(`| [\`${name}\`]`));
  const cells = row?.split("|").slice(1, -1) ?? [];
  return NUMBERS.map((_, i) => cells.at(i - NUMBERS.length)?.trim() ?? "");
}

/** Files of configs/ by the variant that they train, in the order of their names. */
async function configsByVariant(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(`${root}configs`).filter((f) => f.endsWith(".yaml"))) {
    const { config } = await loadConfig(`${root}configs/${name}`);
    const variant = config.model_params.name;
    found.set(variant, [...(found.get(variant) ?? []), `configs/${name}`]);
  }
  return found;
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...body];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
