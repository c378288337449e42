import { definitionError } from "../../config/plugin_faults.ts";
import { type ModelDefinition, phasesOf, type TermDoc } from "../../models/define.ts";
import type { Loss, Phase, VAE } from "../../models/vae.ts";
import { didYouMean } from "../../text/suggest.ts";
import type { Named, Tensor, Tensor4D } from "../../tf.ts";

/**
 * A plugin's model with what it gives checked at each call, so that a mistake in it is told where it is made: terms that
 * are declared and scalars, updates of parameters that are there, images of the right shape.
 *
 * @throws ConfigError for a model that is none
 */
export function checkedModel(
  model: ModelDefinition,
  vae: VAE,
  terms: Readonly<Record<string, TermDoc>>,
  [height, width, channels]: readonly [number, number, number],
): VAE {
  checkWhole(model, vae);
  const images = (what: string, made: unknown, count: number | undefined): Tensor4D => {
    const wanted = [count ?? "N", height, width, channels];
    const shape = shapeOf(made);
    if (shape?.length === 4 && wanted.every((side, i) => side === "N" || side === shape[i]))
      return made as Tensor4D;
    throw definitionError(model, `${what}: expected images [${wanted.join(", ")}], got ${seen(made)}.`, what);
  };
  const returned = new Set<string>();
  const checked: VAE = {
    params: vae.params,
    ...(vae.labels !== undefined && { labels: vae.labels }),
    phases: vae.phases.map((phase, i) => ({
      name: phase.name,
      owns: (param) => phase.owns(param),
      loss(batch, ctx, carry) {
        if (i === 0) returned.clear();
        const loss = phase.loss(batch, ctx, carry);
        checkLoss(model, vae, phase, loss, terms);
        for (const term of Object.keys(loss.terms)) returned.add(term);
        const missing = Object.keys(terms).filter((term) => !returned.has(term));
        if (i === vae.phases.length - 1 && missing.length > 0) {
          const fact = `term "${missing[0]}": expected of a loss, because terms() declares it, got ${[...returned].join(", ")}`;
          throw definitionError(model, `${fact}. Return it, or take it out of terms().`, missing[0]);
        }
        return loss;
      },
    })),
    encode(x, ctx) {
      const made = vae.encode(x, ctx);
      for (const key of ["posterior", "z"] as const) {
        if (typeof Object(made)[key] !== "object" || shapeOf(made[key]) !== undefined)
          throw definitionError(
            model,
            `encode: expected ${key}: {NAME: …}, got ${seen(made?.[key])}.`,
            "encode",
          );
      }
      return made;
    },
    decode(z, ctx) {
      const count = Object.values(z)[0]?.shape[0];
      return images("decode", vae.decode(z, ctx), count);
    },
    reconstruct: (x, ctx) => images("reconstruct", vae.reconstruct(x, ctx), x.shape[0]),
    ...(vae.logPrior && { logPrior: (z, ctx) => vae.logPrior!(z, ctx) }),
    ...(vae.sample && { sample: (count, ctx) => images("sample", vae.sample!(count, ctx), count) }),
    ...(vae.fitPrior && { fitPrior: (posteriors) => vae.fitPrior!(posteriors) }),
    ...(vae.precompute && { precompute: (x) => vae.precompute!(x) }),
    ...(vae.dispose && { dispose: () => vae.dispose!() }),
  };
  models.set(checked, model);
  return checked;
}

const models = new WeakMap<VAE, ModelDefinition>();

/** For parameters of a phase that no term of its loss depends on. */
export function noGradient(vae: VAE, phase: string, params: readonly string[]): Error {
  const what =
    `phase "${phase}", parameter "${params[0]}": expected a gradient, got none, because no term of the loss depends on it` +
    `${params.length > 1 ? `, nor on ${params.length - 1} others` : ""}. Use it in the loss, or leave it out of owns.`;
  return definitionError(models.get(vae) ?? { name: "the model" }, what, "owns");
}

/** @throws ConfigError where `build` made no model */
function checkWhole(model: ModelDefinition, vae: VAE): void {
  const fault = (what: string, word = "build") => definitionError(model, what, word);
  const fields = Object(vae) as Partial<VAE>;
  if (!(fields.params instanceof Map))
    throw fault(`build: expected params, a map of parameters by name, got ${seen(fields.params)}.`);
  for (const name of ["encode", "decode", "reconstruct"] as const) {
    if (typeof fields[name] !== "function")
      throw fault(`build: expected a function ${name}, got ${seen(fields[name])}.`);
  }
  if (!Array.isArray(fields.phases) || fields.phases.length === 0)
    throw fault(`build: expected phases, a list of one or more, got ${seen(fields.phases)}.`, "phases");
  for (const [i, phase] of fields.phases.entries()) {
    for (const name of ["owns", "loss"] as const) {
      if (typeof Object(phase)[name] !== "function")
        throw fault(`phases[${i}]: expected a function ${name}, got ${seen(Object(phase)[name])}.`, "phases");
    }
  }
  const [names, declared] = [fields.phases.map(({ name }) => name), phasesOf(model)];
  if (String(names) !== String(declared)) {
    throw fault(
      `phases: expected ${declared.join(", ")}, those of the definition, got ${names.join(", ")}. Write phases: ` +
        `${JSON.stringify(names)} into the definition.`,
      "phases",
    );
  }
  for (const phase of fields.phases) {
    if ([...fields.params].some(([param, { trainable }]) => trainable && phase.owns(param))) continue;
    throw fault(`phase "${phase.name}": expected a parameter or more that it owns, got none.`, "owns");
  }
}

function checkLoss(
  model: ModelDefinition,
  vae: VAE,
  { name: phase }: Phase,
  loss: Loss,
  declared: Readonly<Record<string, TermDoc>>,
): void {
  const fault = (what: string, word: string) => definitionError(model, `phase "${phase}", ${what}`, word);
  const terms = Object(loss).terms as unknown;
  if (typeof terms !== "object" || terms === null || shapeOf(terms) !== undefined) {
    const got = loss instanceof Promise ? "a promise: a loss can't be async" : seen(terms);
    throw fault(`loss: expected {terms: {NAME: scalar}}, got terms: ${got}.`, "loss");
  }
  for (const [term, value] of Object.entries(terms)) {
    if (!Object.hasOwn(declared, term)) {
      const names = Object.keys(declared);
      const remedy = didYouMean(term, names) || " Declare it in terms().";
      throw fault(
        `term "${term}": expected one that terms() declares (${names.join(", ")}), got another.${remedy}`,
        term,
      );
    }
    checkScalar("term", term, value);
  }
  for (const [name, value] of Object.entries(loss.scalars ?? {})) checkScalar("scalar", name, value);
  for (const [name, value] of Object.entries((loss.updates ?? {}) as Named<Tensor>)) {
    const param = vae.params.get(name)?.value;
    if (param === undefined) {
      const remedy = didYouMean(name, [...vae.params.keys()]);
      throw fault(`updates "${name}": expected the name of a parameter, got another.${remedy}`, name);
    }
    if (String(shapeOf(value)) !== String(param.shape))
      throw fault(`updates "${name}": expected [${param.shape.join(", ")}], got ${seen(value)}.`, name);
  }

  function checkScalar(kind: string, name: string, value: unknown): void {
    const shape = shapeOf(value);
    if (shape?.length === 0) return;
    const remedy = shape === undefined ? "tf.scalar(…) makes one of a number" : "tf.mean(…) makes one";
    throw fault(
      `${kind} "${name}": expected a scalar tensor, shape [], got ${seen(value)}. ${remedy}.`,
      name,
    );
  }
}

/** The shape of a tensor; undefined of anything else. */
function shapeOf(value: unknown): readonly number[] | undefined {
  const { shape, dataId } = Object(value) as Partial<Tensor>;
  return Array.isArray(shape) && dataId !== undefined ? shape : undefined;
}

/** A value as an error tells it. */
function seen(value: unknown): string {
  const shape = shapeOf(value);
  if (shape !== undefined) return `shape [${shape.join(", ")}]`;
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  return Array.isArray(value)
    ? "a list"
    : typeof value === "object" && value !== null
      ? "an object"
      : String(value);
}
