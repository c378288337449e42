import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { findLibrary, libraryFolder, TENSORFLOW_VERSION } from "../../src/backends/tensorflow/library.ts";
import { EngineError } from "../../src/errors.ts";
import { libraryCheck } from "../../src/setup/doctor/tensorflow.ts";
import { setupTensorflow } from "../../src/setup/tensorflow.ts";
import { leftovers, ownCache } from "../support/cache.ts";
import { dataFolder, failure } from "../support/data.ts";
import { LIBRARY, libraryBytes, metadata } from "../support/wheel.ts";

ownCache();
/** A real Python with nothing installed. */
let python: string;
let sitePackages: string;
beforeAll(() => {
  const folder = dataFolder();
  execFileSync("python3", ["-m", "venv", "--without-pip", folder]);
  python = join(folder, "bin", "python3");
  const ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
  sitePackages = execFileSync(python, ["-c", ask], { encoding: "utf8" }).trim();
});

/** Puts a TensorFlow into it, as pip would. */
function install(version: string, names: readonly string[] = LIBRARY): string {
  rmSync(sitePackages, { recursive: true });
  const folder = join(sitePackages, "tensorflow");
  const info = join(sitePackages, `tensorflow-${version}.dist-info`);
  for (const made of [folder, info]) mkdirSync(made, { recursive: true });
  writeFileSync(join(folder, "__init__.py"), "raise SystemError('must not be imported')\n");
  writeFileSync(join(info, "METADATA"), metadata(version).replace(/^Name: .*/m, "Name: tensorflow"));
  for (const name of names) writeFileSync(join(folder, name), libraryBytes()[name]!);
  return folder;
}
const message = async (executable: string) => {
  const error = await failure(setupTensorflow({ python: executable }));
  expect(error).toBeInstanceOf(EngineError);
  expect([findLibrary(), leftovers()]).toEqual([undefined, []]);
  return error.message;
};

test("a Python without TensorFlow is told so, with what to type", async () => {
  expect(await message(python)).toMatch(
    /^--python \S+: \S+ has no TensorFlow installed\. Name the Python that has one .*vae setup tensorflow$/,
  );
});

test("what is no Python is told so", async () => {
  expect(await message("no-such-python")).toMatch(/--python no-such-python: does not start: .*ENOENT/);
  expect(await message(process.execPath)).toMatch(/expected a Python of 3\.8 or later; it failed: /);
});

test("an installed TensorFlow is used where it lies, and missed when it is gone", async () => {
  const folder = install(TENSORFLOW_VERSION);
  const { manifest } = await setupTensorflow({ python });
  expect(manifest).toMatchObject({ folder, version: TENSORFLOW_VERSION });
  expect(findLibrary()?.file).toBe(join(folder, LIBRARY[0]!));
  expect(libraryCheck()).toMatchObject({ state: "ok", text: expect.stringContaining(folder) });
  expect((await setupTensorflow()).already).toBe(true);
  rmSync(join(folder, LIBRARY[1]!));
  expect(libraryCheck()).toMatchObject({
    state: "missing",
    text: expect.stringContaining("a file is missing"),
  });
  rmSync(folder, { recursive: true });
  expect(libraryCheck().state).toBe("missing");
  expect(libraryFolder()).not.toContain(folder);
});

test("one that is too old or without the library is refused", async () => {
  install("2.15.0");
  expect(await message(python)).toMatch(/expected TensorFlow 2\.16 or later, got 2\.15\.0\. Get a newer one/);
  install(TENSORFLOW_VERSION, LIBRARY.slice(0, 1));
  expect(await message(python)).toMatch(
    /TensorFlow 2\.21\.0 in \S+ has no libtensorflow_framework\S+: install/,
  );
});
