import { isMap, type Located } from "./located.ts";

/** Keys that PyTorch-VAE's older configs have in `exp_params`, which had no `data_params` then, and what they are there. */
const MOVED: Readonly<Record<string, readonly string[]>> = {
  dataset: ["name"],
  data_path: ["data_path"],
  img_size: ["patch_size"],
  batch_size: ["train_batch_size", "val_batch_size"],
};

/**
 * `root` with the keys of PyTorch-VAE's older configs (its `vampvae.yaml`) under today's names, each still where it was
 * written, and a sentence on each that was read otherwise than it stands. Any other config as it is.
 */
export function fromOldLayout(root: Located): { root: Located; notes: string[] } {
  const exp = isMap(root) ? root.value.get("exp_params") : undefined;
  if (!isMap(root) || !isMap(exp) || root.value.has("data_params")) return { root, notes: [] };
  if (!exp.value.has("dataset") || !exp.value.has("data_path")) return { root, notes: [] };
  const notes: string[] = [];
  const data = new Map<string, Located>();
  const left = new Map(exp.value);
  for (const [old, names] of Object.entries(MOVED)) {
    const node = exp.value.get(old);
    if (node === undefined) continue;
    left.delete(old);
    for (const name of names) data.set(name, node);
    notes.push(
      `exp_params.${old}: read as data_params.${names.join(" and ")}, an older key of PyTorch-VAE's.`,
    );
  }
  if (!exp.value.has("kld_weight") && !exp.value.has("reconstruction"))
    notes.push(
      "exp_params.kld_weight: not given, so reconstruction: elbo, the loss in nats; PyTorch-VAE's runner stops without it.",
    );
  const sections = new Map(root.value);
  sections.set("exp_params", { ...exp, value: left }).set("data_params", { ...exp, value: data });
  const trainer = root.value.get("trainer_params");
  const epochs = isMap(trainer) ? trainer.value.get("max_nb_epochs") : undefined;
  if (isMap(trainer) && epochs !== undefined) {
    const renamed = new Map([["max_epochs", epochs], ...trainer.value]);
    renamed.delete("max_nb_epochs");
    sections.set("trainer_params", { ...trainer, value: renamed });
    notes.push(
      trainer.value.has("max_epochs")
        ? "trainer_params.max_nb_epochs: not used; max_epochs is given."
        : "trainer_params.max_nb_epochs: read as trainer_params.max_epochs, an older key of PyTorch-VAE's.",
    );
  }
  return { root: { ...root, value: sections }, notes };
}
