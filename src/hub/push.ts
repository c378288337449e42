import { fetch as undiciFetch } from "undici";
import { openHttp } from "../download/http.ts";
import { ConfigError, DataError } from "../errors.ts";
import { hubEndpoint, hubToken, isOffline } from "./endpoint.ts";

export interface Push {
  /** OWNER/NAME. */
  readonly repo: string;
  /** By path in the repository. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The commit's. */
  readonly title: string;
  /** Of a repository that is made by this. */
  readonly isPrivate: boolean;
}

/**
 * Makes a repository on the hub where there is none, and commits files to it: all or none.
 *
 * @throws ConfigError without a token or with HF_HUB_OFFLINE, DataError with what the hub answered
 */
export async function pushToHub({ repo, files, title, isPrivate }: Push): Promise<{ url: string }> {
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
    await createRepo({ ...common, visibility: isPrivate ? "private" : "public" }).catch((error) => {
      if (!(error instanceof HubApiError && error.statusCode === 409)) throw error; // it is there
    });
    await commit({
      ...common,
      title,
      operations: Object.entries(files).map(([path, content]) => ({
        operation: "addOrUpdate" as const,
        path,
        content: new Blob([content as Uint8Array<ArrayBuffer>]),
      })),
    });
    return { url: `${hubUrl}/${repo}` };
  } catch (error) {
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
