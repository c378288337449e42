/** PyTorch-VAE's crop of CelebA's aligned faces, 178x218. */
const CELEBA = { folder: "img_align_celeba", crop: 148 } as const;

/**
 * Side of the middle that is kept of the images at `paths`, 0 for all: as given, else CelebA's where all lie in its
 * folder.
 */
export function centerCropOf(given: number | undefined, paths: readonly string[]): number {
  if (given !== undefined) return given;
  const celeba = paths.every((path) => path.split(/[/\\]/).includes(CELEBA.folder));
  return celeba ? CELEBA.crop : 0;
}
