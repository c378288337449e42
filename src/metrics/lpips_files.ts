import { ConfigError } from "../errors.ts";

/** The layers that each variant of LPIPS compares, in the order of its heads. */
export const LPIPS_VARIANTS = {
  alex: { network: "alexnet", layers: ["relu1", "relu2", "relu3", "relu4", "relu5"] },
  vgg: { network: "vgg16", layers: ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"] },
  squeeze: {
    network: "squeezenet1_1",
    layers: ["relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"],
  },
} as const;
export type LpipsVariant = keyof typeof LPIPS_VARIANTS;

export const lpipsVariants = Object.keys(LPIPS_VARIANTS) as LpipsVariant[];

export interface LpipsFiles {
  readonly variant: LpipsVariant;
  /** torchvision's weights of alexnet, vgg16 or squeezenet1_1, as a feature network takes them. */
  readonly backbone: string;
  /** `alex.pth`, `vgg.pth` or `squeeze.pth` of LPIPS v0.1: lin0.model.1.weight, … of shape [1, C, 1, 1]. */
  readonly heads: string;
  /** Folder that relative names start from. */
  readonly baseDir: string;
}

/** `vgg:BACKBONE:HEADS`, as the command line takes it. @throws ConfigError */
export function parseLpips(text: string, baseDir: string): LpipsFiles {
  const [variant, backbone, heads, ...rest] = text.split(":");
  const known = lpipsVariants.find((name) => name === variant);
  if (known === undefined || !backbone || !heads || rest.length > 0) {
    throw new ConfigError(
      `--lpips: expected one of ${lpipsVariants.join(", ")}, a file of torchvision's weights and a file of LPIPS heads, ` +
        `such as vgg:vgg16.pth:lpips/vgg.pth, got "${text}".`,
    );
  }
  return { variant: known, backbone, heads, baseDir };
}
