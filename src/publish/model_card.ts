import { stringify } from "yaml";
import type { OpenRun } from "../experiment/trained/open_trained.ts";
import { metricOf } from "../metrics/table.ts";

export interface CardArgs {
  /** OWNER/NAME on the hub. */
  readonly repo: string;
  /** A licence as the hub names them (`mit`, `cc0-1.0`); undefined: none is stated. */
  readonly license?: string | undefined;
  /** Config as YAML, as it is pushed. */
  readonly config: string;
  /** Of validation, or of `vae evaluate` where that was done: by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Where those are from, for people: `validation images` or `the split test`. */
  readonly measured: string;
  readonly trainingImages?: number | undefined;
  /** Paths in the repository, by what they show. */
  readonly pictures: Readonly<Record<string, string>>;
  /** Names of fitted samplers. */
  readonly samplers: readonly string[];
}

/** Data sets whose names are the hub's own. */
const ON_HUB = ["mnist", "fashion_mnist", "cifar10"];
/** Metrics that the card's head names, of those that there are. */
const IN_HEAD = ["elbo", "kl", "mse", "psnr", "bits_per_dim", "frechet", "lpips", "mig"];

/** A model card: the README.md of a repository on the hub, made of a run, with the YAML head that the hub reads. */
export function modelCard(
  run: Pick<OpenRun, "model" | "config" | "state" | "imageShape" | "vae">,
  args: CardArgs,
): string {
  const { model, config, state, imageShape, vae } = run;
  const { repo, license, metrics, measured, pictures, samplers } = args;
  const data = config.data_params.name;
  const shown = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  const headed = shown.filter(([name]) => IN_HEAD.includes(name));
  const head = {
    ...(license !== undefined && { license }),
    library_name: "tfjs-vae",
    pipeline_tag: "unconditional-image-generation",
    tags: ["variational-autoencoder", "vae", "tensorflow.js", model.name],
    ...(ON_HUB.includes(data) && { datasets: [data] }),
    ...(headed.length > 0 && {
      metrics: headed.map(([name]) => name),
      "model-index": [
        {
          name: repo.split("/")[1],
          results: [
            {
              task: { type: "unconditional-image-generation" },
              dataset: { name: data, type: data },
              metrics: headed.map(([name, value]) => ({ type: name, name, value })),
            },
          ],
        },
      ],
    }),
  };
  const [height, width, channels] = imageShape;
  const numbers = [...vae.params.values()].reduce((sum, { value }) => sum + value.size, 0);
  const trained = [
    `${state.step} steps`,
    ...(args.trainingImages === undefined ? [] : [`on ${args.trainingImages} images`]),
    `of ${data}, ${height}x${width}x${channels}`,
  ].join(" ");
  const example = `npx vae sample hf:${repo} --count 16
npx vae reconstruct hf:${repo} picture.jpg
npx vae export hf:${repo} --format onnx --out onnx/`;
  const table = shown.map(
    ([name, value]) => `| ${name} | ${value.toPrecision(4)} | ${metricOf(name)?.unit ?? ""} |`,
  );
  return [
    `---\n${stringify(head)}---`,
    `# ${repo.split("/")[1]}`,
    `${model.summary} (${model.name}: [${model.paper.title}](${model.paper.url})), ${numbers} numbers, ${trained}, with tfjs-vae.`,
    ...Object.entries(pictures).map(([what, path]) => `![${what}](${path})`),
    `## Use\n\n\`\`\`\nnpm install tfjs-vae\n${example}\n\`\`\``,
    ...(samplers.length > 0
      ? [`Fitted to its latents: ${samplers.map((name) => `\`--sampler ${name}\``).join(", ")}.`]
      : []),
    ...(table.length > 0
      ? [
          `## Metrics\n\nOf ${measured}.\n\n| metric | value | unit |\n| --- | --- | --- |\n${table.join("\n")}`,
        ]
      : []),
    `## Config\n\n\`\`\`yaml\n${args.config.trimEnd()}\n\`\`\``,
    ...(license === undefined ? ["No licence is stated."] : []),
  ]
    .join("\n\n")
    .concat("\n");
}
