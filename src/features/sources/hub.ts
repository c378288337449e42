import { DataError } from "../../errors.ts";
import type { RemoteSource } from "./source.ts";

export interface HubFile {
  readonly url: string;
  /** Of a file in large file storage, as weights are. */
  readonly sha256: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Where the hub is: HF_ENDPOINT, or the hub itself. */
export const hubEndpoint = (): string =>
  (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");

/**
 * The URL and hash of a file on the Hugging Face hub, by its own client. HF_ENDPOINT names a mirror, HF_TOKEN the token
 * for private files.
 *
 * @throws DataError where there is no such file or it may not be read, else the error of the connection
 */
export async function locateOnHub(
  { repo, revision, path }: Extract<RemoteSource, { kind: "hub" }>,
  fetch: typeof globalThis.fetch,
): Promise<HubFile> {
  const { fileDownloadInfo, HubApiError } = await import("@huggingface/hub");
  const token = process.env.HF_TOKEN?.trim() || undefined;
  const where = `${hubEndpoint()}/${repo}`;
  if (token !== undefined && !token.startsWith("hf_"))
    throw new DataError("HF_TOKEN: expected a token that starts with hf_, got another text.");
  const info = await fileDownloadInfo({
    repo,
    path,
    revision,
    hubUrl: hubEndpoint(),
    fetch,
    ...(token !== undefined && { accessToken: token }),
  }).catch((error: unknown) => {
    if (!(error instanceof HubApiError)) throw error;
    const remedy =
      error.statusCode === 401 || error.statusCode === 403
        ? "It is private, asks for consent on its page, or is not there: set HF_TOKEN to a token that may read it."
        : "Is its name right?";
    throw new DataError(
      `${where}: the hub answered ${error.statusCode} for ${path} of ${revision}. ${remedy}`,
      {
        cause: error,
      },
    );
  });
  if (info === null)
    throw new DataError(`${where}: expected ${path} in revision ${revision}, got no such file.`);
  return {
    url: info.url,
    sha256: /^"?([0-9a-f]{64})"?$/.exec(info.etag)?.[1],
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  };
}
