import { fetch as undiciFetch } from "undici";
import { openHttp } from "../download/http.ts";
import { ConfigError, DataError, UserError } from "../errors.ts";
import { hubEndpoint, hubToken, isOffline } from "./endpoint.ts";
import { lookUp } from "./look_up.ts";

export interface Push {
  /** OWNER/NAME. */
  readonly repo: string;
  /** By path in the repository. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The commit's. */
  readonly title: string;
  /** Whether nobody else may see the repository. */
  readonly isPrivate: boolean;
  /** Which files that are there are removed, where they are none of `files`. */
  isOld(path: string): boolean;
}

/**
 * Makes a repository on the hub where there is none, and commits files to it: all or none.
 *
 * @throws ConfigError without a token or with HF_HUB_OFFLINE, or where what is to be private would be public; DataError with
 * what the hub answered
 */
export async function pushToHub({ repo, files, title, isPrivate, isOld }: Push): Promise<{ url: string }> {
  if (isOffline())
    throw new ConfigError("vae push: HF_HUB_OFFLINE forbids to ask the hub. Unset it, or set it to 0.");
  const accessToken = hubToken();
  if (accessToken === undefined)
    throw new ConfigError(
      `vae push: expected a token of ${hubEndpoint()} that may write, got none. Set HF_TOKEN, or log in by hf auth login.`,
    );
  const { commit, createRepo, HubApiError } = await import("@huggingface/hub");
  const dispatcher = openHttp();
  const fetch = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher })) as typeof globalThis.fetch;
  const hubUrl = hubEndpoint();
  const common = { repo: { type: "model" as const, name: repo }, accessToken, hubUrl, fetch };
  try {
    const there = await createRepo({ ...common, visibility: isPrivate ? "private" : "public" }).then(
      () => undefined,
      (error) => {
        if (!(error instanceof HubApiError && error.statusCode === 409)) throw error;
        return lookUp({ repo, revision: "main" });
      },
    );
    if (isPrivate && there?.isPrivate === false)
      throw new ConfigError(
        `vae push --private: expected a repository for nobody else to see, got ${hubUrl}/${repo}, which is there and public. Make it private on its page, or name another.`,
      );
    const old = (there?.files ?? []).filter((path) => isOld(path) && !(path in files));
    await commit({
      ...common,
      title,
      operations: [
        ...old.map((path) => ({ operation: "delete" as const, path })),
        ...Object.entries(files).map(([path, content]) => ({
          operation: "addOrUpdate" as const,
          path,
          content: new Blob([content as Uint8Array<ArrayBuffer>]),
        })),
      ],
    });
    return { url: `${hubUrl}/${repo}` };
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof HubApiError) {
      const remedy = [401, 403].includes(error.statusCode)
        ? " Does the token have the right to write there?"
        : "";
      throw new DataError(
        `${hubUrl}/${repo}: the hub answered ${error.statusCode}: ${error.message}.${remedy}`,
      );
    }
    const { message, cause } = error as Error;
    const why = (cause instanceof Error ? cause.message : "") || message;
    throw new DataError(`${hubUrl}/${repo}: could not be written (${why}).`, { cause: error });
  } finally {
    await dispatcher.destroy();
  }
}
