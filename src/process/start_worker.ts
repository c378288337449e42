import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * A worker thread of the module beside `importer` (its import.meta.url): of the compiled file, or of the source,
 * which it reads by tsx as this thread does.
 *
 * @param module without its extension: "./worker"
 */
export function startWorker(importer: string, module: string, options: WorkerOptions = {}): Worker {
  if (!importer.endsWith(".ts")) return new Worker(new URL(`${module}.js`, importer), options);
  const tsx = import.meta.resolve("tsx/esm/api"); // the package's own, wherever one works
  const file = new URL(`${module}.ts`, importer).href;
  // `--import tsx` does nothing in the workers of Node 20.
  const start = `import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(file)}); })`;
  return new Worker(start, { ...options, eval: true, execArgv: [] });
}
