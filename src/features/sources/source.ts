import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError } from "../../errors.ts";
import { inCache } from "../../files/cache_dir.ts";
import { homeFolder } from "../../process/home_folder.ts";
import { MODEL_KEYS } from "../keys.ts";
import { namesFile } from "./file_name.ts";
import { type KnownWeights, knownWeights } from "./known.ts";

/** Where weights come from. `file` of what is remote: its place in the user's cache. */
export type Source =
  | { readonly kind: "random" }
  | { readonly kind: "file"; readonly name: string }
  | RemoteSource;

export type RemoteSource =
  | { readonly kind: "url"; readonly url: string; readonly sha256: string; readonly file: string }
  | {
      readonly kind: "hub";
      readonly repo: string;
      readonly revision: string;
      readonly path: string;
      readonly file: string;
    };

/** Digits that distinguish the URLs of files of one name. */
const FOLDER_DIGITS = 16;
const HUB = /^hf:(?:\/\/)?([\w.-]+\/[\w.-]+?)(?:@([\w.\-/]+?))?((?:\/[\w.-]+)+)$/;

/**
 * What `weights` of a network means; `key` is what gives them, for messages.
 *
 * @throws ConfigError for a URL without a hash, a hub name without a file, weights that nobody published
 */
export function sourceOf(network: string, weights: string, key = MODEL_KEYS.weights): Source {
  if (weights === "random") return { kind: "random" };
  if (namesFile(weights)) return { kind: "file", name: weights };
  if (/^https?:/i.test(weights)) return urlSource(weights, key);
  if (/^hf:/i.test(weights)) return hubSource(weights, key);
  const all = knownWeights(network);
  const known = all.find(({ word }) => word === weights);
  if (known) return knownSource(known);
  throw new ConfigError(
    `${key}: expected ${["a file", ...all.map((k) => k.word), "random"].join(", ")} for ${network}, got "${weights}", which nobody published.`,
  );
}

/** Published weights as a source: in the user's cache, or in PyTorch's, which got them for a program of its own. */
export function knownSource({ url, sha256, file: name }: KnownWeights): RemoteSource {
  const own = inCache("networks", name);
  const torch = join(torchHome(), "hub", "checkpoints", name);
  return { kind: "url", url, sha256, file: !existsSync(own) && existsSync(torch) ? torch : own };
}

/** PyTorch's cache folder, by its own variables. */
const torchHome = (): string =>
  process.env.TORCH_HOME || join(process.env.XDG_CACHE_HOME || join(homeFolder() ?? "", ".cache"), "torch");

/** @throws ConfigError before half a gigabyte of another format is got */
function checkExtension(name: string, text: string, key: string): void {
  if (/\.(safetensors|pth|pt|ckpt|bin)$/i.test(name)) return;
  throw new ConfigError(`${key}: expected the name of a .safetensors, .pth or .pt file, got "${text}".`);
}

function urlSource(text: string, key: string): RemoteSource {
  const url = URL.canParse(text) ? new URL(text) : null;
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url?.hash ?? "")?.[1]?.toLowerCase();
  if (url === null || sha256 === undefined) {
    throw new ConfigError(
      `${key}: expected a URL with the file's SHA-256, https://…/vgg19.pth#sha256=<64 digits>, got "${text}". The command sha256sum says it of a file that you trust.`,
    );
  }
  url.hash = "";
  const name = basename(url.pathname);
  checkExtension(name, text, key);
  return {
    kind: "url",
    url: url.href,
    sha256,
    file: inCache("networks", "urls", sha256.slice(0, FOLDER_DIGITS), name),
  };
}

function hubSource(text: string, key: string): RemoteSource {
  const [, repo, revision = "main", path] = HUB.exec(text) ?? [];
  if (repo === undefined || path === undefined || /(^|\/)\.\.?(\/|$)/.test(`${repo}/${revision}${path}`)) {
    throw new ConfigError(
      `${key}: expected a file on the Hugging Face hub, hf:OWNER/NAME/FILE or hf:OWNER/NAME@REVISION/FILE, got "${text}".`,
    );
  }
  checkExtension(path, text, key);
  const parts = [...repo.split("/"), revision.replaceAll("/", "_"), ...path.slice(1).split("/")];
  return {
    kind: "hub",
    repo,
    revision,
    path: path.slice(1),
    file: inCache("networks", "hub", ...parts),
  };
}
