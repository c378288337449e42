import { createHash } from "node:crypto";

const SKIN_TONE = /^1f3f[b-f]$/;
/** Of a sequence: female and male sign, the joiner before them, and the mark of a coloured picture. */
const SIGN = /^(2640|2642|200d|fe0f)$/;

/**
 * The split of an emoji's picture by its file name, code points with dashes between: a tenth of the groups are val and a
 * tenth test, by a hash. A person in another skin tone or of another gender sign is nearly the same picture, and so
 * stays in its group: else validation would see what was trained on.
 */
export function splitOfEmoji(file: string): "train" | "val" | "test" {
  const codes = file.replace(/\.[a-z]+$/, "").split("-");
  const group = codes.filter((code) => !SKIN_TONE.test(code) && !SIGN.test(code)).join("-");
  const place = createHash("sha256").update(group).digest().readUInt32LE(0) / 2 ** 32;
  return place < 0.1 ? "test" : place < 0.2 ? "val" : "train";
}
