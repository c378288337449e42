import { UserError } from "../../errors.ts";
import type { Posterior } from "../../models/vae.ts";
import type { SamplerDefinition } from "../../samplers/define.ts";
import { shellWord } from "../../text/shell.ts";
import type { OpenRun } from "./open_trained.ts";

/** A sampler that can't be fitted to a model of this kind. */
export class SamplerMismatch extends UserError {}

/**
 * Checks that a sampler is one that can be fitted to this model. `kinds`: of its posteriors, where they are known.
 *
 * @throws SamplerMismatch where it is not
 */
export function checkMatch(
  { model, vae, runDir }: Pick<OpenRun, "model" | "vae" | "runDir">,
  { kind, name }: SamplerDefinition,
  kinds: readonly Posterior["kind"][] = vae.codes === undefined ? [] : ["codes"],
): void {
  const mismatch = (expected: string, got: string, remedy: string) =>
    new SamplerMismatch(`--sampler ${name}: expected ${expected}, got ${got}. ${remedy}`);
  const another = "Take another: --sampler gmm";
  if (kind === "refit" && vae.fitPrior === undefined)
    throw mismatch("a model with a prior over codes", `${model.name}, which has none to fit`, another);
  if (kind === "grid" && vae.codes === undefined)
    throw mismatch("a model whose z are grids of codes, such as VQVAE", model.name, another);
  if (kind !== "density") return;
  if (kinds.includes("codes"))
    throw mismatch(
      "a model whose z are numbers or values of variables",
      `${model.name}, whose z are codes`,
      "What is for codes can be fitted: --sampler codes,pixel_cnn",
    );
  if (kinds.includes("gamma"))
    throw mismatch(
      "a model whose z may be any number",
      `${model.name}, whose z are above 0`,
      `It has the prior that it was trained with: vae sample ${shellWord(runDir)}`,
    );
}
