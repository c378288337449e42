/** Names that only the weights of one kind of model have; the first that fits. */
const KINDS: readonly [what: string, names: RegExp][] = [
  ["a latent diffusion checkpoint (Stable Diffusion)", /^(first_stage_model|model\.diffusion_model)\./],
  ["a vector-quantized autoencoder (VQGAN)", /(^|\.)quantize\.embedding\./],
  ["diffusers' AutoencoderKL", /(^|\.)(encoder\.down_blocks|decoder\.up_blocks)\.\d+\.resnets\./],
  ["latent diffusion's AutoencoderKL", /(^|\.)(encoder\.down|decoder\.up)\.\d+\.block\.\d+\./],
  ["diffusers' AutoencoderTiny (TAESD)", /(^|\.)(encoder|decoder)\.layers\.\d+\.conv\.\d+\./],
  ["a TAESD autoencoder", /^((encoder|decoder)\.)?\d+\.conv\.4\.(weight|bias)$/],
  ["a U-Net of diffusers'", /(^|\.)(down|up)_blocks\.\d+\.(attentions|resnets)\./],
  ["a U-Net of a diffusion model", /(^|\.)(input|output)_blocks\.\d+\./],
  ["a model of pythae", /^(encoder|decoder)\.layers\.\d+\.\d+\./],
  ["a residual network (torchvision)", /(^|\.)layer[1-4]\.\d+\.(conv|bn)\d\./],
  ["a classifier (torchvision)", /^(features|classifier)\.\d+\./],
  ["a transformer", /\.(self_attn|self_attention|attention\.self|attn)\./],
  ["LPIPS' heads", /^lin\d\.model\.\d\./],
];

/** Kinds of which a folder can be imported. */
const IN_FOLDERS = /^diffusers' Autoencoder|^a TAESD/;

/** Whose weights a state_dict with these names is, and the name that shows it; undefined where nothing does. */
export function foreignWeights(
  names: readonly string[],
): { what: string; name: string; remedy: string } | undefined {
  for (const [what, pattern] of KINDS) {
    const name = names.find((n) => pattern.test(n));
    const remedy = IN_FOLDERS.test(what)
      ? "Name its folder, with all that it was published with: vae import FOLDER --out RUN"
      : "They can't be imported.";
    if (name !== undefined) return { what, name, remedy };
  }
  return undefined;
}
