import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serverAddress } from "../download/http.ts";
import { DataError } from "../errors.ts";
import { homeFolder } from "../process/home_folder.ts";

/** Where the hub is: HF_ENDPOINT, or the hub itself. @throws ConfigError where the variable holds no address */
export const hubEndpoint = (): string =>
  serverAddress("HF_ENDPOINT", process.env.HF_ENDPOINT || "https://huggingface.co");

/** Whether HF_HUB_OFFLINE forbids to ask it. */
export const isOffline = (): boolean => /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? "");

/**
 * The user's token: HF_TOKEN, or what `hf auth login` has written, where HF_TOKEN_PATH or HF_HOME say; undefined: there is
 * none.
 *
 * @throws DataError where it is none of the hub's
 */
export function hubToken(): string | undefined {
  const { env } = process;
  const given = env.HF_TOKEN?.trim();
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homeFolder() ?? "", ".cache"), "huggingface");
  const file = env.HF_TOKEN_PATH || join(home, "token");
  const token = given || written(file);
  if (token === undefined || /^hf_[!-~]+$/.test(token)) return token; // what a header can hold: others are printed by its error
  const where = given ? "HF_TOKEN" : file;
  throw new DataError(`${where}: expected a token, hf_ and letters without spaces, got another text.`);
}

function written(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The headers that say who asks. */
export function hubHeaders(): Record<string, string> {
  const token = hubToken();
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
