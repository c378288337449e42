import { type Static, Type } from "typebox";
import { oneOf } from "../../one_of.ts";
import { IMQ_SCALES, imqKernel, type Kernel, rbfKernel } from "../losses/mmd.ts";

/** Keys of `model_params` that choose the kernel of a maximum mean discrepancy to N(0, I). */
export const KernelOptions = {
  kernel_type: oneOf(["imq", "rbf"], {
    default: "imq",
    description: "imq: inverse multiquadratics, a sum over imq_scales; rbf: exp(-|x - y|^2 / C).",
  }),
  latent_var: Type.Number({
    exclusiveMinimum: 0,
    default: 1,
    description:
      "The kernels' C is 2 latent_dim latent_var: of 1 the mean squared distance of two draws of the prior N(0, I), the WAE paper's rule.",
  }),
  imq_scales: Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
    minItems: 1,
    default: [...IMQ_SCALES],
    description: "Factors of C over which kernel_type: imq sums.",
  }),
} as const;
const Shape = Type.Object(KernelOptions);
export type KernelOptions = Static<typeof Shape>;

export function kernelOf(o: KernelOptions & { readonly latent_dim: number }): Kernel {
  const c = 2 * o.latent_dim * o.latent_var;
  return o.kernel_type === "rbf" ? rbfKernel(c) : imqKernel(c, o.imq_scales);
}
