import { cpSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import sharp from "sharp";
import { loadConfig } from "../../../src/config/load.ts";
import { decodeImage } from "../../../src/data/image_folder/decode.ts";
import { IMAGE_FILES, listImages } from "../../../src/data/image_folder/files.ts";

/** JPEG's, by the side of the images: what is lost is far below what a VAE leaves out. */
const qualityOf = (side: number): number => (side > 64 ? 85 : 92);

/** Puts what training configs of the gallery needs into the project in folder `to`: scripts/gallery.ts, bundled, and data. */
export async function copyGallery(root: string, names: readonly string[], to: string): Promise<void> {
  await build({
    entryPoints: [join(root, "scripts/gallery.ts")],
    outfile: join(to, "scripts/gallery.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  await copyData(root, names, join(to, "data"));
}

/**
 * Copies the data of the gallery's configs `names` to `data` in folder `to`, where those configs look for them. Photographs
 * are cropped and resized there as the largest of the configs does, so that they take no more room than it needs.
 */
async function copyData(root: string, names: readonly string[], to: string): Promise<void> {
  const sizes = new Map<string, number>();
  for (const name of names) {
    const { config } = await loadConfig(join(root, `configs/gallery/${name}.yaml`));
    const { data_path, patch_size = 0 } = config.data_params;
    if (data_path !== undefined)
      sizes.set(basename(data_path), Math.max(patch_size, sizes.get(basename(data_path)) ?? 0));
  }
  for (const [folder, size] of sizes) {
    const from = join(root, "data", folder);
    const { files } = await listImages(from, [IMAGE_FILES].flat());
    if (files.length === 0) cpSync(from, join(to, folder), { recursive: true, dereference: true });
    else
      await copyImages(
        from,
        files.map(({ path }) => path),
        join(to, folder),
        size,
      );
  }
}

async function copyImages(from: string, files: readonly string[], to: string, size: number): Promise<void> {
  const left = files.values();
  const copy = async () => {
    for (const file of left) {
      const data = await decodeImage(join(from, file), { size, channels: 3 });
      const target = join(to, `${file.replace(/\.[^./]+$/, "")}.jpg`);
      mkdirSync(dirname(target), { recursive: true });
      await sharp(data, { raw: { width: size, height: size, channels: 3 } })
        .jpeg({ quality: qualityOf(size), mozjpeg: true })
        .toFile(target);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, copy));
}
