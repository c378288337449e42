/**
 * Puts Microsoft's Fluent emoji in 3-D, 3,391 pictures of 256x256, into a folder for `data_params.name: image_folder`, as
 * train, val and test:
 *
 *   npx tsx scripts/emoji.ts [FOLDER] [--package FILE]
 *
 * FOLDER: data/emoji where left out. The pictures (MIT) are those of the npm package @lobehub/fluent-emoji-3d, which npm
 * downloads (16 MB); FILE is that package where it is there already. They are transparent around the emoji: a run puts
 * them on white.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { splitOfEmoji } from "./gallery/emoji_split.ts";

const PACKAGE = "@lobehub/fluent-emoji-3d@1.1.0";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string" } },
});
if (positionals.length > 1) throw new Error(`expected one FOLDER, got ${positionals.join(", ")}`);
const folder = positionals[0] ?? fileURLToPath(new URL("../data/emoji", import.meta.url));

const work = mkdtempSync(join(tmpdir(), "tfjs-vae-emoji-"));
try {
  const file = values.package === undefined ? fetched() : resolve(values.package);
  execFileSync("tar", ["xzf", file, "-C", work]);
  const from = join(work, "package/assets");
  const count = { train: 0, val: 0, test: 0 };
  for (const split of ["train", "val", "test"]) mkdirSync(join(folder, split), { recursive: true });
  for (const name of readdirSync(from).filter((name) => name.endsWith(".webp"))) {
    const split = splitOfEmoji(name);
    cpSync(join(from, name), join(folder, split, name));
    count[split]++;
  }
  console.log(`${folder}: ${count.train} train, ${count.val} val, ${count.test} test`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The package's archive, by npm, which checks its hash. */
function fetched(): string {
  const args = ["pack", PACKAGE, "--silent", "--pack-destination", work];
  return join(work, execFileSync("npm", args, { encoding: "utf8" }).trim());
}
