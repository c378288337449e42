import { type Dispatcher, fetch, request } from "undici";
import { openHttp } from "../../download/http.ts";
import { DataError } from "../../errors.ts";
import type { RemoteSource } from "./source.ts";

export interface HubFile {
  readonly url: string;
  /** Of a file in large file storage, as weights are. */
  readonly sha256: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Where the hub is: HF_ENDPOINT, or the hub itself. */
const hubEndpoint = (): string => (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");

type HubSource = Extract<RemoteSource, { kind: "hub" }>;

/** The file's address on the hub. */
export const hubUrl = ({ repo, revision, path }: HubSource): string =>
  `${hubEndpoint()}/${repo}/resolve/${encodeURIComponent(revision)}/${path}`;

/**
 * The URL and hash of a file on the Hugging Face hub, by its own client. HF_ENDPOINT names a mirror, HF_TOKEN the token
 * for private files.
 *
 * @throws DataError where there is no such file or it may not be read, else the error of the connection
 */
export async function locateOnHub(source: HubSource, http: Dispatcher): Promise<HubFile> {
  const { repo, revision, path } = source;
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
    fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher: http })) as never,
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
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const url = hubUrl(source); // and not info.url, which may be another host's: the token is for the hub alone
  return { url, sha256: await linkedSha256(url, headers), headers };
}

/**
 * The hub's own hash of a file in large file storage. It stands in the answer that leads to where the bytes are, and
 * so must be read before that is followed: the storage's own ETag is another hash.
 */
async function linkedSha256(url: string, headers: Record<string, string>): Promise<string | undefined> {
  const http = openHttp({ redirects: 0 });
  try {
    const answer = await request(url, { method: "HEAD", headers, dispatcher: http });
    await answer.body.dump();
    return /^"?([0-9a-f]{64})"?$/.exec(String(answer.headers["x-linked-etag"]))?.[1];
  } finally {
    await http.destroy();
  }
}
