import { didYouMean } from "../text/suggest.ts";
import { DEFAULT_DATASET, ownProperties, SECTIONS, type Section, sharedProperties } from "./compose.ts";
import { absent, SECTION_NAMES, synonym } from "./foreign.ts";
import type { Path } from "./positions.ts";
import type { Registries } from "./registries.ts";

/** Keys of an experiment, at the top of a config. */
const EXPERIMENT = ["runs", "sweep", "seeds", "steps", "shared", "evaluation", "contact_sheet"];

/** What an unknown key's error says: the section it belongs to, the model that has it, the nearest name. */
export function unknownKey(
  path: Path,
  known: readonly string[],
  registries: Registries,
  names: { readonly model?: string | undefined; readonly dataset?: string | undefined },
): string {
  const key = String(path.at(-1));
  const near = didYouMean(key, known);
  const same = known.find((k) => k.toLowerCase() === key.toLowerCase());
  if (same) return `unknown key.${near}`;
  if (path.length === 1 && EXPERIMENT.includes(key))
    return "unknown key: it is an experiment's, which vae experiment FILE trains.";
  if (path.length <= 2) {
    const home = SECTIONS.find((s) => s !== path[0] && sectionKeys(s, registries, names).includes(key));
    if (home) return `unknown key. It belongs to ${home}.`;
  }
  const section = path.length === 1 ? SECTION_NAMES[key.toLowerCase().replaceAll(/[-_]/g, "")] : undefined;
  if (section !== undefined) return `unknown key. Did you mean "${section}"?`;
  const missing = path.length <= 2 ? absent(key) : undefined;
  if (missing !== undefined) return `unknown key: ${missing} Remove it.`;
  const here = path.length <= 2 ? synonym(key) : undefined;
  if (here !== undefined && here !== path.join(".") && isKnown(here, registries, names)) {
    return `unknown key: it is ${here} here.`;
  }
  if (path.length === 2) {
    const others = ownersOf(path[0] as Section, key, registries);
    const mine = path[0] === "model_params" ? names.model : names.dataset;
    if (others.length > 0) return `unknown key of ${mine}: it is one of ${others.join(", ")}.${near}`;
  }
  if (near) return `unknown key.${near}`;
  const list = path.length === 1 ? [...SECTIONS, "extends", "plugins"] : known;
  return `unknown key. Expected one of ${list.join(", ")}.`;
}

/** Whether a config of that model and data set has the key `SECTION.KEY…`. */
function isKnown(path: string, registries: Registries, names: Parameters<typeof unknownKey>[3]): boolean {
  const [section, key] = path.split(".") as [Section, string];
  return key === "name" || sectionKeys(section, registries, names).includes(key);
}

function sectionKeys(
  section: Section,
  { models, datasets }: Registries,
  names: { readonly model?: string | undefined; readonly dataset?: string | undefined },
): string[] {
  const own =
    section === "model_params"
      ? models.get(names.model ?? "")
      : section === "data_params"
        ? datasets.get(names.dataset ?? DEFAULT_DATASET)
        : undefined;
  return Object.keys({ ...sharedProperties(section), ...ownProperties(own) });
}

function ownersOf(section: Section, key: string, { models, datasets }: Registries): string[] {
  const registry = section === "model_params" ? models : section === "data_params" ? datasets : undefined;
  if (!registry) return [];
  return registry.names().filter((name) => Object.hasOwn(ownProperties(registry.get(name)), key));
}
