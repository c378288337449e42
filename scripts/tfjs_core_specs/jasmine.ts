import { createRequire } from "node:module";

export interface SpecResult {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "pending" | "excluded";
  readonly failedExpectations: readonly { readonly message: string }[];
}

/** What we use of jasmine-core 3.99, which has no types. */
export interface JasmineEnv {
  configure(options: { random: boolean; specFilter(spec: { getFullName(): string }): boolean }): void;
  addReporter(reporter: { specDone(result: SpecResult): void }): void;
  execute(): Promise<unknown>;
}

/** Jasmine's environment; its `describe`, `it`, `expect` … become globals, as tfjs-core's specs want them. */
export function bootJasmine(): JasmineEnv {
  const core = createRequire(import.meta.url)("jasmine-core") as Jasmine;
  return core.boot(core).getEnv();
}

interface Jasmine {
  boot(core: Jasmine): { getEnv(): JasmineEnv };
}
