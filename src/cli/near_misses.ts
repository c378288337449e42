import { absent, synonym } from "../config/foreign.ts";

/** Commands of other programs, and what does that here. */
const COMMANDS: Readonly<Record<string, string>> = {
  train: "vae run --config FILE trains",
  fit: "vae run --config FILE trains",
  start: "vae run --config FILE trains",
  resume: "vae run --resume RUN goes on with a run",
  test: "vae evaluate RUN computes the metrics of a run",
  eval: "vae evaluate RUN computes the metrics of a run",
  generate: "vae sample RUN decodes images from noise",
  predict: "vae reconstruct RUN FILES decodes images again",
  decode: "vae sample RUN decodes images from noise",
  "fit-samplers": "vae fit-sampler RUN --sampler NAMES fits densities to z",
  sampler: "vae fit-sampler RUN --sampler NAMES fits densities to z",
  check: "vae validate FILE checks a config, vae doctor the machine",
  list: "vae models lists the variants, vae runs the runs",
  install: "vae setup tensorflow gets TensorFlow's library",
};

/**
 * `message`, commander's on what was typed, with the sentence that helps where it is what other programs take.
 *
 * @param typed what follows `vae`
 */
export function withHint(message: string, typed: readonly string[]): string {
  const hint = hintOn(message, typed);
  return hint === undefined ? message : `${message.trimEnd()}\n${hint}\n`;
}

function hintOn(message: string, typed: readonly string[]): string | undefined {
  const [, command] = /unknown command '(.+?)'/.exec(message) ?? [];
  if (command !== undefined) {
    if (/\.ya?ml$/.test(command)) return `(to train it: vae run --config ${command})`;
    return Object.hasOwn(COMMANDS, command) ? `(${COMMANDS[command]})` : undefined;
  }
  const [, option] = /unknown option '(--[\w-]+)/.exec(message) ?? [];
  if (option !== undefined && !/Did you mean/.test(message)) {
    const key = synonym(option.slice(2)) ?? synonym(option.slice(2).replaceAll("-", "_"));
    const none = absent(option.slice(2));
    if (key !== undefined) return `(it is a key of the config: --set ${key}=VALUE)`;
    return none === undefined ? undefined : `(${none})`;
  }
  const pair = typed.find((word, i) => /^[a-z_]+\.[\w.]+=/i.test(word) && typed[i - 1] !== "--set");
  return /too many arguments/.test(message) && pair !== undefined
    ? `(before KEY=VALUE: --set ${pair})`
    : undefined;
}
