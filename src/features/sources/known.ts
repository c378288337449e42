/** What images become before a network sees them; see `normalize.ts`. */
export const NORMALIZATIONS = ["imagenet", "caffe", "none"] as const;
export type Normalization = (typeof NORMALIZATIONS)[number];

/** Weights that are published for a network, by a word of their own. */
export interface KnownWeights {
  /** As `feature_network.weights` has it. */
  readonly word: "torchvision" | "caffe";
  /** Name of the published file. */
  readonly file: string;
  readonly url: string;
  /** The first 8 digits of its SHA-256, which is part of the name. */
  readonly sha256: string;
}

/** The ends of the names of torchvision's files (its `VGG19_Weights.IMAGENET1K_V1.url` and so on). */
const TORCHVISION: Readonly<Record<string, string>> = {
  alexnet: "owt-7be5be79",
  vgg11: "8a719046",
  vgg11_bn: "6002323d",
  vgg13: "19584684",
  vgg13_bn: "abd245e5",
  vgg16: "397923af",
  vgg16_bn: "6c64b313",
  vgg19: "dcbb9e9d",
  vgg19_bn: "c79401a0",
  squeezenet1_0: "b66bff10",
  squeezenet1_1: "b8a52dc0",
};

/** Those of the VGGs' authors, trained in Caffe, in Justin Johnson's conversion to PyTorch. */
const CAFFE: Readonly<Record<string, string>> = { vgg16: "00b39a1b", vgg19: "d01eb7cb" };

/** The published weights of a network, torchvision's first. */
export function knownWeights(network: string): KnownWeights[] {
  const entry = (word: KnownWeights["word"], folder: string, ending: string | undefined): KnownWeights[] => {
    if (ending === undefined) return [];
    const file = `${network}-${ending}.pth`;
    return [{ word, file, url: `${folder}/${file}`, sha256: ending.slice(-8) }];
  };
  return [
    ...entry("torchvision", "https://download.pytorch.org/models", TORCHVISION[network]),
    ...entry("caffe", "https://web.eecs.umich.edu/~justincj/models", CAFFE[network]),
  ];
}
