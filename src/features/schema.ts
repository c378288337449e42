import { Type } from "typebox";
import { oneOf } from "../one_of.ts";
import { DEFAULT_NETWORK, networkNames } from "./registry.ts";
import { FILE_NAME } from "./sources/file_name.ts";
import { NORMALIZATIONS } from "./sources/known.ts";

/** `feature_network` of a config: a name, or the object form. */
export const FeatureNetworkSchema = Type.Union(
  [
    Type.String({ registry: "networks", examples: networkNames() }),
    Type.Object(
      {
        name: Type.String({
          registry: "networks",
          examples: networkNames(),
          description: `${networkNames().join(", ")}.`,
        }),
        weights: Type.Optional(
          Type.String({
            file: FILE_NAME,
            description: `A .safetensors, .pth or .pt file with torchvision's names, relative to this config file; a URL with #sha256=…; hf:OWNER/NAME/FILE; torchvision or caffe (published, got once); or random. Default: the embedded weights (${DEFAULT_NETWORK}), else torchvision's once \`vae networks fetch\` got them.`,
          }),
        ),
        normalize: Type.Optional(
          oneOf([...NORMALIZATIONS], {
            description:
              "imagenet: subtract ImageNet's mean and divide by its deviation first, as torchvision's weights expect; caffe: 0 to 255, minus the mean, BGR; none: as PyTorch-VAE does. Default: caffe for weights: caffe, else imagenet.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ],
  { default: DEFAULT_NETWORK, description: "Frozen network whose feature maps are compared." },
);
