import { request } from "undici";
import { openHttp } from "../download/http.ts";
import { DataError } from "../errors.ts";
import { hubEndpoint, hubHeaders, isOffline } from "./endpoint.ts";

export interface HubFile {
  readonly url: string;
  /** Of a file in large file storage, as weights are. */
  readonly sha256: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file of a repository. */
export interface HubPath {
  /** OWNER/NAME. */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly path: string;
}

/** The file's address on the hub. */
export const hubUrl = ({ repo, revision, path }: HubPath): string =>
  `${hubEndpoint()}/${repo}/resolve/${encodeURIComponent(revision)}/${path}`;

/**
 * The URL and hash of a file on the Hugging Face hub. HF_ENDPOINT names a mirror, the user's token is for private files.
 *
 * @throws DataError where there is no such file or it may not be read, else the error of the connection
 */
export async function locateOnHub(source: HubPath): Promise<HubFile> {
  const { repo, revision, path } = source;
  if (isOffline())
    throw new DataError(`${hubUrl(source)} is wanted, and HF_HUB_OFFLINE forbids to get it. Unset it once.`);
  const headers = hubHeaders();
  const url = hubUrl(source); // and not where it leads, which may be another host: the token is for the hub alone
  const { status, code, linked } = await askHub(url, headers);
  const where = `${hubEndpoint()}/${repo}`;
  if (status === 404 && code === "EntryNotFound")
    throw new DataError(`${where}: expected ${path} in revision ${revision}, got no such file.`);
  if (status >= 400) {
    const remedy =
      status === 401 || status === 403
        ? "It is private, asks for consent on its page, or is not there: set HF_TOKEN to a token that may read it."
        : "Is its name right?";
    throw new DataError(`${where}: the hub answered ${status} for ${path} of ${revision}. ${remedy}`);
  }
  return { url, sha256: /^"?([0-9a-f]{64})"?$/.exec(linked ?? "")?.[1], headers };
}

/** Redirects from a name that a repository had before. */
const RENAMED = 3;

/**
 * What the hub itself says of a file. Its hash of one in large file storage stands in the answer that leads to where the
 * bytes are, and so must be read before that is followed: the storage's own ETag is another hash.
 */
async function askHub(url: string, headers: Readonly<Record<string, string>>) {
  const http = openHttp({ redirects: 0 });
  try {
    let asked = new URL(url);
    for (let left = RENAMED; ; left--) {
      const {
        statusCode: status,
        headers: said,
        body,
      } = await request(asked, {
        method: "HEAD",
        headers,
        dispatcher: http,
      });
      await body.dump();
      const [linked, code, location] = ["x-linked-etag", "x-error-code", "location"].map((name) =>
        said[name]?.toString(),
      );
      const next = new URL(location ?? "", asked);
      const renamed = location !== undefined && linked === undefined && next.origin === asked.origin;
      if (!renamed || left === 0) return { status, code, linked };
      asked = next;
    }
  } finally {
    await http.destroy();
  }
}
