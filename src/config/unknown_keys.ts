import { didYouMean } from "../suggest.ts";
import { DEFAULT_DATASET, ownProperties, SECTIONS, type Section, sharedProperties } from "./compose.ts";
import type { Path } from "./positions.ts";
import type { Registries } from "./registries.ts";

const EXPERIMENT = "it is an experiment's, which vae experiment FILE trains.";
const DEVICE = "--backend chooses the device, and one GPU at most trains. Remove it.";

/** Keys that users of PyTorch-VAE and Lightning know, and what stands for them here. */
const FOREIGN: Readonly<Record<string, string>> = {
  "trainer_params.accelerator": DEVICE,
  "trainer_params.devices": DEVICE,
  "trainer_params.strategy": DEVICE,
  "trainer_params.resume_from_checkpoint": "vae run --resume does that. Remove it.",
  "trainer_params.default_root_dir": "logging_params.save_dir is that folder.",
  runs: EXPERIMENT,
  seeds: EXPERIMENT,
  steps: EXPERIMENT,
  shared: EXPERIMENT,
  evaluation: EXPERIMENT,
  contact_sheet: EXPERIMENT,
  "data_params.pin_memory": "there is no memory to pin. Remove it.",
};

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
  const foreign = FOREIGN[path.join(".")];
  if (foreign) return `unknown key: ${foreign}`;
  if (path.length <= 2) {
    const home = SECTIONS.find((s) => s !== path[0] && sectionKeys(s, registries, names).includes(key));
    if (home) return `unknown key. It belongs to ${home}.`;
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
