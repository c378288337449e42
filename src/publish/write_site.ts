import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders, writeAtomic } from "../files/atomic_file.ts";

/** Names of a site's files. */
const PAGE = ["page.js", "page.css", "webgpu.js", "licenses.md"];

/**
 * Writes the page of a packed model: an `index.html` with what it names beside it, for any static host and for a disk. The
 * model is a script, for a page from a disk can't fetch.
 *
 * @param template folder of the built page, which is the same for all models
 * @throws UserError where it can't be written
 */
export async function writeSite(
  folder: string,
  template: string,
  { title, model }: { readonly title: string; readonly model: Uint8Array },
): Promise<void> {
  await makeFolders(folder);
  for (const name of PAGE) await writeAtomic(join(folder, name), await readFile(join(template, name)));
  const base64 = Buffer.from(model.buffer, model.byteOffset, model.byteLength).toString("base64");
  await writeAtomic(join(folder, "model.js"), `globalThis.packedModel = "${base64}";\n`);
  const html = await readFile(join(template, "index.html"), "utf8");
  await writeAtomic(
    join(folder, "index.html"),
    html.replace("{title}", () => escaped(title)),
  );
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
