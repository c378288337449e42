import { Type } from "typebox";
import { oneOf } from "../config/schema.ts";

/** `feature_network` of a config: a name, or the object form. */
export const FeatureNetworkSchema = Type.Union(
  [
    Type.String(),
    Type.Object(
      {
        name: Type.String({
          description: "tiny_vgg, vgg11 … vgg19, vgg11_bn … vgg19_bn, squeezenet1_0 or _1.",
        }),
        weights: Type.Optional(
          Type.String({
            description:
              "A .safetensors, .pth or .pt file with torchvision's names, relative to this config file; or random. Default: the embedded weights (tiny_vgg only).",
          }),
        ),
        normalize: Type.Optional(
          oneOf(["imagenet", "none"], {
            default: "imagenet",
            description:
              "imagenet: subtract ImageNet's mean and divide by its deviation first, as the weights expect; none: as PyTorch-VAE does.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ],
  { default: "tiny_vgg", description: "Frozen network whose feature maps are compared." },
);
