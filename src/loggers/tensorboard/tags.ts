import type { PictureTag } from "../logger.ts";

/** Columns of metrics.csv that tell how fast a run is. */
const SPEED = new Set(["train/images_per_second", "train/data_wait_share"]);

/**
 * TensorBoard's tag for a column of metrics.csv. It shows groups (what stands before the slash) in the order of their
 * names, capitals first, and opens on the first ones: `Pictures`, `Total`, `Val`, then `gradients`, `latents`, `train`,
 * `train_speed`, `weights`.
 */
export function scalarTag(column: string): string {
  const [phase, ...rest] = column.split("/");
  const name = rest.join("/");
  if (name === "total") return `Total/${phase}`;
  if (phase === "val") return `Val/${name}`;
  return SPEED.has(column) ? `train_speed/${name}` : column;
}

/** The tag of a picture. */
export const pictureTag = (tag: PictureTag): string =>
  tag === "KL_per_dimension" ? `latents/${tag}` : `Pictures/${tag}`;

/** A pattern of the tags that a metric has in training and in validation. */
export function bothTags(metric: string): string {
  const escaped = (tag: string) => tag.replace(/[^\w/]/g, "\\$&");
  return `^(${["train", "val"].map((phase) => escaped(scalarTag(`${phase}/${metric}`))).join("|")})$`;
}
