/** Threads of each of `jobs` processes: an equal share of the cores, one at least. */
export const threadsOf = (jobs: number, cores: number): number => Math.max(1, Math.floor(cores / jobs));

/** Variables that tell a process's backends how many threads to take: wasm, TensorFlow, and oneDNN in it. */
export const THREAD_VARIABLES = [
  "TFJS_VAE_THREADS",
  "TF_NUM_INTRAOP_THREADS",
  "TF_NUM_INTEROP_THREADS",
  "OMP_NUM_THREADS",
] as const;

/** Their values for so many threads; one that is set already stays as it is. */
export const threadVariables = (threads: number | string): Record<string, string> =>
  Object.fromEntries(THREAD_VARIABLES.map((name) => [name, process.env[name] ?? String(threads)]));
