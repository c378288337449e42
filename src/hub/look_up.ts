import { request } from "undici";
import { openHttp } from "../download/http.ts";
import { DataError } from "../errors.ts";
import { hubEndpoint, hubHeaders } from "./endpoint.ts";
import type { HubRepo } from "./repo.ts";

/** What the hub says of a repository at a revision. */
export interface HubRevision {
  /** The commit. */
  readonly sha: string;
  /** Paths of its files. */
  readonly files: readonly string[];
  readonly isPrivate: boolean;
}

/** @throws DataError where there is no such repository or it may not be read, else the error of the connection */
export async function lookUp({ repo, revision }: HubRepo): Promise<HubRevision> {
  const http = openHttp();
  try {
    const url = `${hubEndpoint()}/api/models/${repo}/revision/${encodeURIComponent(revision)}`;
    const { statusCode, body } = await request(url, { headers: hubHeaders(), dispatcher: http });
    const text = await body.text();
    if (statusCode === 401 || statusCode === 403 || statusCode === 404)
      throw new DataError(
        `${hubEndpoint()}/${repo}: expected a repository with the revision ${revision}, the hub answered ${statusCode}. ` +
          "Is its name right? Of a private one HF_TOKEN must be a token that may read it.",
      );
    if (statusCode !== 200) throw new Error(`the hub answered ${statusCode}`);
    const answer = JSON.parse(text) as {
      sha?: unknown;
      siblings?: { rfilename: string }[];
      private?: boolean;
    };
    const { sha, siblings } = answer;
    const files = (siblings ?? []).map(({ rfilename }) => rfilename);
    const inside = (path: string) => !/(^|\/)\.\.?(\/|$)|^\/|[\\\0:]/.test(path);
    if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !files.every(inside))
      throw new Error("the hub's answer is no list of files");
    return { sha, files, isPrivate: answer.private === true };
  } finally {
    await http.destroy();
  }
}
