import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll } from "vitest";

interface Commit {
  readonly sha: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** What the server says and does; some of it a test changes. */
export interface HubServer {
  readonly origin: string;
  /** Commits by repository, the newest last. */
  readonly repos: Map<string, { isPrivate: boolean; commits: Commit[] }>;
  /** "METHOD path" of the requests. */
  readonly asked: string[];
  /** Answers of files that break off in their middle, from the next on. */
  breaks: number;
  /** Whether it answers at all. */
  isUp: boolean;
}

const TOKEN = "hf_mine";

/**
 * A server that speaks the Hugging Face hub's HTTP API as far as its client and this project ask it, on this machine;
 * closed after the file's tests. Files that end in .safetensors or .png are in large file storage.
 */
export async function hubServer(): Promise<HubServer> {
  const stored = new Map<string, Buffer>();
  const hub: HubServer = { origin: "", repos: new Map(), asked: [], breaks: 0, isUp: true };
  const server = createServer((request, response) => {
    hub.asked.push(`${request.method} ${request.url}`);
    if (!hub.isUp) return void request.socket.destroy();
    void answer(hub, stored, request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  (hub as { origin: string }).origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return hub;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const isLarge = (path: string) => /\.(safetensors|png)$/.test(path);

async function answer(
  hub: HubServer,
  stored: Map<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url!, hub.origin);
  const path = decodeURIComponent(pathname);
  const body = await buffer(request);
  const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
  const json = (status: number, value: unknown) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  const storage = /^\/storage\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (storage !== undefined && request.method === "PUT") {
    if (sha256(body) !== storage) return json(400, { error: "another hash" });
    stored.set(storage, body);
    return void response.writeHead(200).end();
  }
  if (storage !== undefined) return give(hub, request, response, stored.get(storage)!);
  if (request.method === "POST" && !isKnown) return json(401, { error: "Invalid credentials" });
  if (path === "/api/repos/create") {
    const { organization, name, visibility } = JSON.parse(body.toString());
    const repo = `${organization}/${name}`;
    if (hub.repos.has(repo)) return json(409, { error: "You already created this model repo" });
    hub.repos.set(repo, { isPrivate: visibility === "private", commits: [] });
    return json(200, { url: `${hub.origin}/${repo}`, id: repo });
  }
  const [, preupload] = /^\/api\/models\/(.+)\/preupload\/main$/.exec(path) ?? [];
  if (preupload !== undefined) {
    const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
    return json(200, {
      files: files.map((file) => ({ path: file.path, uploadMode: isLarge(file.path) ? "lfs" : "regular" })),
    });
  }
  if (/^\/(.+)\.git\/info\/lfs\/objects\/batch$/.test(path)) {
    const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
    const upload = (oid: string) => ({ upload: { href: `${hub.origin}/storage/${oid}` } });
    return json(200, {
      transfer: "basic",
      objects: objects.map(({ oid, size }) => ({
        oid,
        size,
        ...(!stored.has(oid) && { actions: upload(oid) }),
      })),
    });
  }
  const [, committed] = /^\/api\/models\/(.+)\/commit\/main$/.exec(path) ?? [];
  if (committed !== undefined) {
    const { commits } = hub.repos.get(committed)!;
    const files = new Map(commits.at(-1)?.files);
    for (const line of body.toString().split("\n").filter(Boolean)) {
      const { key, value } = JSON.parse(line);
      if (key === "file") files.set(value.path, Buffer.from(value.content, value.encoding));
      if (key === "deletedFile") files.delete(value.path);
      if (key === "lfsFile") files.set(value.path, stored.get(value.oid)!);
    }
    const sha = createHash("sha1").update(body).update(String(commits.length)).digest("hex");
    commits.push({ sha, files });
    return json(200, {
      success: true,
      commitOid: sha,
      commitUrl: `${hub.origin}/${committed}/commit/${sha}`,
    });
  }
  const [, listed, revision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? [];
  const [, resolved, at, name] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const repo = hub.repos.get(listed ?? resolved ?? "");
  if (repo === undefined || (repo.isPrivate && !isKnown)) return json(401, { error: "Repository not found" });
  const wanted = revision ?? at;
  const commit = wanted === "main" ? repo.commits.at(-1) : repo.commits.find(({ sha }) => sha === wanted);
  if (commit === undefined) return json(404, { error: "Invalid rev id" });
  if (listed !== undefined)
    return json(200, {
      sha: commit.sha,
      private: repo.isPrivate,
      siblings: [...commit.files.keys()].map((rfilename) => ({ rfilename })),
    });
  const file = commit.files.get(name!);
  if (file === undefined) return void response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
  if (!isLarge(name!)) return give(hub, request, response, file);
  const hash = sha256(file);
  stored.set(hash, file);
  response.writeHead(302, { location: `${hub.origin}/storage/${hash}`, "x-linked-etag": `"${hash}"` }).end();
}

/** The part of a file that is asked for. */
function give(hub: HubServer, request: IncomingMessage, response: ServerResponse, file: Buffer): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const part = from === undefined ? file : file.subarray(Number(from), Number(to) + 1);
  response.writeHead(from === undefined ? 200 : 206, {
    "content-length": part.length,
    ...(from !== undefined && {
      "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`,
    }),
  });
  if (request.method === "HEAD") return void response.end();
  if (part.length > 1000 && hub.breaks > 0) {
    hub.breaks--;
    response.write(part.subarray(0, part.length / 2), () => response.destroy());
    return;
  }
  response.end(part);
}
