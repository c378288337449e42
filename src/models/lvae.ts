import { type Static, Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { batchNorm1d } from "../nn/batch_norm.ts";
import { linear } from "../nn/linear.ts";
import { sequential } from "../nn/params.ts";
import type { Tensor, Tensor4D } from "../tf.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convBlock, flattenChannelsFirst } from "./blocks/encoder.ts";
import { gaussianHead } from "./blocks/gaussian_head.ts";
import { LikelihoodOptions } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { precisionWeighted } from "./blocks/relative_gaussian.ts";
import { completeConvVAE, convFrame } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { hierarchicalTerms, hierarchicalVAE, type Level } from "./hierarchical.ts";

const { latent_dim: _, encoder_dense: __, ...Shared } = ConvOptions;
const Params = Type.Object({
  ...Shared,
  latent_dims: Type.Array(Type.Integer({ minimum: 1 }), {
    minItems: 1,
    maxItems: 8,
    default: [64, 32, 16, 8, 4],
    description:
      "Dimensions of the latents, the lowest, from which images are decoded, first; one for each of hidden_dims. The paper's are 64, 32, 16, 8, 4.",
  }),
  ladder_activation: Type.Boolean({
    default: true,
    description:
      "Whether p(z_i | z_i+1) has a LeakyReLU after its first layer (PyTorch-VAE: none, so that it is linear).",
  }),
  kl_warmup_steps: Type.Integer({
    minimum: 0,
    default: 2000,
    description:
      "Optimizer steps over which the weight of the KL rises from 0 (the paper: a tenth of training).",
  }),
  ...LikelihoodOptions,
});

/**
 * The ladder VAE (Sønderby et al., arXiv 1602.02282) on PyTorch-VAE's architecture: each block of the encoder says a
 * Gaussian of its latent, and from the top down q(z_i | x, z_i+1) is that one combined with p(z_i | z_i+1), weighted by their
 * precisions. p(z_L) = N(0, I), images are decoded from z_1, and the weight of the KL rises from 0.
 */
export default defineModel({
  name: "LVAE",
  summary: "The ladder VAE: several levels of latents, what an image says of each merged with its prior.",
  paper: { title: "Ladder Variational Autoencoders", url: "https://arxiv.org/abs/1602.02282" },
  params: Params,
  knownAs: ["LadderVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae", ladder_activation: false, kl_warmup_steps: 0 },
    checkpoint: { ladder_activation: false },
    otherwise: [
      "its KL is to what the encoder says of z_i and not to p(z_i | z_i+1), with log-variances that count twice, and the top latent has none",
    ],
  },
  complete: completeConvVAE,
  check(o, given) {
    checkLevels(o);
    checkGaussianVAE(o, given);
  },
  terms: ({ kl_warmup_steps }, convention) => hierarchicalTerms(convention, kl_warmup_steps),
  build(args) {
    const { params: o } = args;
    checkLevels(o);
    const { latent_dims: dims, hidden_dims: widths } = o;
    const { params, scope, channels, sizes } = convFrame(o, args);
    const rungs = widths.map((channelsOut, i) => {
      const at = scope.at(`encoders.${i}`);
      const block = convBlock(at.at("encoder"), o, widths[i - 1] ?? channels, channelsOut);
      const head = gaussianHead(
        at,
        ["encoder_mu", "encoder_var"],
        channelsOut * sizes[i + 1]! ** 2,
        dims[i]!,
      );
      return { block, head };
    });
    const fromTop = [...dims.keys()].reverse();
    const priors = fromTop.slice(1).map((i, step) => {
      const at = scope.at(`ladders.${step}`);
      const slope = o.ladder_activation ? o.leaky_slope : 1;
      const first = linear(at.at("decode.0"), dims[i + 1]!, dims[i]!);
      const decode = sequential(first, batchNorm1d(at.at("decode.1"), dims[i]!, o.batch_norm_eps, slope));
      const head = gaussianHead(at, ["fc_mu", "fc_var"], dims[i]!, dims[i]!);
      return (z: Tensor, pass: Parameters<typeof head>[1]) => head(decode(z, pass), pass);
    });
    const decoder = convDecoder(scope, { ...o, latent_dim: dims[0]! }, channels, sizes);
    const levels = fromTop.map((i, step): Level<readonly Tensor[]> => {
      const prior = priors[step - 1];
      return {
        name: `z${i + 1}`,
        dims: dims[i]!,
        ...(prior && { prior: (above, pass) => prior(above.at(-1)!, pass) }),
        evidence: (maps, _, pass) => rungs[i]!.head(flattenChannelsFirst(maps[i]!), pass),
      };
    });
    return hierarchicalVAE(args, {
      params,
      features(images: Tensor4D, pass) {
        const maps: Tensor[] = [];
        for (const { block } of rungs) maps.push(block(maps.at(-1) ?? images, pass));
        return maps;
      },
      levels,
      posterior: precisionWeighted,
      decoder: (z, pass) => decoder(z.at(-1)!, pass),
    });
  },
});

/** @throws ConfigError where there are not as many latents as blocks */
function checkLevels({ latent_dims, hidden_dims }: Static<typeof Params>): void {
  if (latent_dims.length === hidden_dims.length) return;
  throw new ConfigError(
    `model_params.latent_dims: expected ${hidden_dims.length} numbers, one for each of hidden_dims, got ` +
      `${latent_dims.length}. Change one of the two.`,
  );
}
