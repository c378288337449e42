import type { Command } from "commander";
import type { JsonSchema } from "../../config/describe.ts";
import {
  type Convention,
  isTimesKldWeight,
  type ModelDefinition,
  type TermDoc,
} from "../../models/define.ts";
import { examples } from "../examples.ts";

/** `vae models`: the variants, or the parameters and loss terms of one. */
export function addModels(program: Command): void {
  program
    .command("models")
    .description("list the variants, or the parameters and loss terms of one")
    .argument("[name]", "its parameters with their defaults, and its loss terms")
    .addHelpText(
      "after",
      examples({
        "vae models": "all, with their loss terms and papers",
        "vae models BetaVAE": "what its configs may say",
      }),
    )
    .action((name: string | undefined) => (name === undefined ? list() : show(name)));
}

async function list(): Promise<void> {
  const { getModel, modelNames } = await import("../../models/registry.ts");
  const { table } = await import("../table.ts");
  const rows = modelNames().map((name) => {
    const model = getModel(name)!;
    const { params, paper } = model;
    const terms = Object.keys(termsOf(model, "elbo", defaultsOf(model)));
    return [name, Object.keys(params.properties).length, terms.join(", "), paper.url];
  });
  console.log(table(["variant", "parameters", "loss terms", "paper"], rows));
}

async function show(name: string): Promise<void> {
  const { table } = await import("../table.ts");
  const { describe } = await import("../../config/describe.ts");
  const { modelNamed } = await import("../starter.ts");
  const model = await modelNamed(name, "vae models");
  const theirs = new Map(Object.entries(model.aliases ?? {}).map(([their, our]) => [our, their]));
  const parameters = Object.entries(propertiesOf(model)).map(([key, schema]) => [
    key,
    describe(schema),
    schema.default === undefined ? "" : JSON.stringify(schema.default),
    `${schema.description ?? ""}${theirs.has(key) ? ` PyTorch-VAE's name: ${theirs.get(key)}.` : ""}`,
  ]);
  const terms = variationsOf(model).flatMap(({ when, params }) =>
    (["elbo", "pixel_mean"] as const).flatMap((convention) =>
      Object.entries(termsOf(model, convention, params)).map(([name, term]) => [
        `${convention}${when}`,
        name,
        weightOf(name, term, convention),
        term.doc,
      ]),
    ),
  );
  console.log(`${model.name}: ${model.summary}\n${model.paper.title}, ${model.paper.url}\n`);
  console.log(`${table(["model_params", "value", "default", ""], parameters)}\n`);
  console.log(table(["reconstruction", "loss term", "weight", ""], terms));
}

function weightOf(name: string, term: TermDoc, convention: Convention): string {
  const scale = convention === "pixel_mean" && isTimesKldWeight(name, term) ? " kld_weight" : "";
  const rise = term.warmupSteps === undefined ? "" : `, risen after ${term.warmupSteps} steps`;
  return `${term.weight}${scale}${rise}`;
}

type Params = Record<string, unknown>;

const propertiesOf = (model: ModelDefinition) =>
  model.params.properties as unknown as Readonly<Record<string, JsonSchema>>;

/** The parameters of a config that says nothing. */
function defaultsOf(model: ModelDefinition): Params {
  const given = Object.entries(propertiesOf(model)).filter(([, schema]) => schema.default !== undefined);
  return Object.fromEntries(given.map(([key, schema]) => [key, schema.default]));
}

const termsOf = (model: ModelDefinition, convention: Convention, params: Params) =>
  model.terms(params as never, convention);

/** The defaults, and each other value of a choice that gives other loss terms. */
function variationsOf(model: ModelDefinition): { when: string; params: Params }[] {
  const defaults = defaultsOf(model);
  const named = (params: Params) => Object.keys(termsOf(model, "elbo", params)).join();
  const others = Object.entries(propertiesOf(model)).flatMap(([key, schema]) =>
    (schema.enum ?? [])
      .map((value) => ({ when: `, ${key}: ${value}`, params: { ...defaults, [key]: value } }))
      .filter(({ params }) => named(params) !== named(defaults)),
  );
  return [{ when: "", params: defaults }, ...others];
}
