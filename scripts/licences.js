import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The licences of the packages that bundled files are of, as a file that goes beside the bundle. */
export async function licencesOf(files) {
  const folders = new Set(
    files.map((file) => packageOf(resolve(file))).filter((folder) => folder !== undefined),
  );
  const parts = await Promise.all([...folders].map(licenceOf));
  return `# What is bundled here, and its licences\n\n${parts.sort().join("\n")}`;
}

/** The folder of the package that a file is of; undefined of the project's own. */
function packageOf(file) {
  if (!/[\\/]node_modules[\\/]/.test(file)) return undefined;
  let folder = dirname(file);
  for (; !/[\\/]node_modules$/.test(folder); folder = dirname(folder)) {
    const isRoot = /[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+$/.test(folder);
    if (isRoot && existsSync(join(folder, "package.json"))) return folder;
  }
  return undefined;
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((found) => /^licen[cs]e/i.test(found));
  const text = file === undefined ? "" : `\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  return `## ${name} ${version} (${license})\n${text}`;
}
