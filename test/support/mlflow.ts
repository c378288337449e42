import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDir } from "../../src/files/cache_dir.ts";
import { allTests } from "./all_tests.ts";
import { pythonWith } from "./python_environment.ts";

const VERSION = "3.17.2";
const NAME = `mlflow-${VERSION}`;
const script = fileURLToPath(new URL("../loggers/mlflow_server.py", import.meta.url));

/** Whether the real MLflow, 850 MB, is there, or TFJS_VAE_TEST_ALL asks for it. */
export const hasMlflow = (): boolean => allTests || existsSync(cacheDir("test-python", NAME));

/** A Python with it. */
export const mlflowPython = (): string =>
  pythonWith(
    NAME,
    `mlflow==${VERSION}`,
    (python) => spawnSync(python, ["-c", "import importlib.metadata as m; m.version('mlflow')"]).status === 0,
  );

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** MLflow's server on that port, on an empty folder; the caller ends it. */
export async function mlflowServer(python: string, port: number): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), "mlflow-"));
  const child = spawn(python, [script, folder, String(port)], { stdio: ["ignore", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    const hear = (text: Buffer) => {
      said += text;
      if (said.includes(`port ${port}`)) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", () => reject(new Error(`MLflow ended: ${said}`)));
  });
  return child;
}
