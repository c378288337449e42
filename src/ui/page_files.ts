import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Answer } from "./answer.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".map": "application/json; charset=utf-8",
};

/** The built page: its files by the path of their address. Only what is in its folder now can be asked for. */
export async function pageFiles(folder: string): Promise<ReadonlyMap<string, () => Promise<Answer>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, () => Promise<Answer>>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length).replaceAll("\\", "/");
    const address = path === "/index.html" ? "/" : path;
    const type = TYPES[extname(entry.name)] ?? "application/octet-stream";
    // Vite names these by their content.
    const cache = path.startsWith("/assets/") ? "private, max-age=31536000, immutable" : "no-cache";
    files.set(address, async () => ({
      status: 200,
      type,
      body: await readFile(file),
      headers: { "Cache-Control": cache },
    }));
  }
  return files;
}
