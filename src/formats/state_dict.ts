import { DataError } from "../errors.ts";
import { TensorRef } from "./torch_objects.ts";

export interface StateDict {
  /** In the file's order. */
  readonly tensors: [string, TensorRef][];
  /** Where in the file they are, such as `model_state_dict`; "" where they are all of it. */
  readonly at: string;
  /** Where it has others. */
  readonly others: readonly string[];
}

/** Under what names training scripts save a model, the likeliest first; an average of it comes last. */
const NAMES = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "",
  "module",
  "net",
  "network",
  "net_state_dict",
  "vae",
  "vae_state_dict",
  "autoencoder",
  "weights",
  "params",
  "ema_state_dict",
  "state_dict_ema",
  "model_ema",
  "ema_model",
  "ema",
  "params_ema",
];
/** What holds tensors and no model. */
const NO_MODEL = /optim|sched|scaler|rng_state|callbacks|loops|hyper_parameters/i;
const DEPTH = 3;

/**
 * The tensors by name in what a PyTorch file holds: its dict, or one within, by the names that training scripts give it.
 *
 * @throws DataError where there is none, or several of which none has such a name
 */
export function findStateDict(value: unknown, file: string): StateDict {
  const found = new Map<string, [string, TensorRef][]>();
  const seen = new Set<unknown>();
  const look = (dict: unknown, path: readonly string[]) => {
    if (!(dict instanceof Map) || seen.has(dict)) return;
    seen.add(dict);
    const tensors = [...dict].filter(([, entry]) => entry instanceof TensorRef);
    if (tensors.length > 0 && tensors.every(([name]) => isName(name))) found.set(path.join("."), tensors);
    if (path.length === DEPTH) return;
    for (const [name, entry] of dict) {
      if (isName(name) && !NO_MODEL.test(name)) look(entry, [...path, name]);
    }
  };
  look(value, []);
  const place = (at: string) => (NAMES.includes(lastOf(at)) ? NAMES.indexOf(lastOf(at)) : NAMES.length);
  const [first, second] = [...found.keys()].sort((a, b) => place(a) - place(b));
  if (first === undefined) {
    throw new DataError(
      `${file}: expected a dict of tensors (a state_dict), found no tensor in it${keysOf(value)}`,
    );
  }
  if (second !== undefined && place(first) === place(second)) {
    const listed = [...found].map(([at, tensors]) => `"${at}" (${tensors.length} tensors)`);
    throw new DataError(
      `${file}: expected one dict of tensors (a state_dict), found several: ${listed.slice(0, 8).join(", ")}. ` +
        "Save the one alone: torch.save(model.state_dict(), FILE)",
    );
  }
  return { tensors: found.get(first)!, at: first, others: [...found.keys()].filter((at) => at !== first) };
}

const isName = (name: unknown): name is string => typeof name === "string" && name !== "__proto__";

const lastOf = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

function keysOf(value: unknown): string {
  const keys = value instanceof Map ? [...value.keys()].filter(isName) : [];
  if (keys.length === 0) return "";
  return `; its keys: ${keys
    .slice(0, 8)
    .map((key) => JSON.stringify(key.slice(0, 80)))
    .join(", ")}${keys.length > 8 ? ", …" : ""}`;
}
