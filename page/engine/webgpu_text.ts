import type { BackendChoice } from "../../src/browser/choose_backend.ts";
import { gpu } from "../computing.ts";

declare global {
  /** What webgpu.js holds: a script, as text; a worker is started with it, for it can load none. */
  var webgpuText: string | undefined;
}

let loading: Promise<string> | undefined;

/** What a worker wants besides its own bundle for a choice of backend: nothing, or tfjs's WebGPU backend. */
export async function textFor(choice: BackendChoice): Promise<string> {
  if (choice === "wasm") return "";
  const found = await gpu;
  if (found === undefined || (choice === "auto" && found.isSoftware)) return "";
  loading ??= load();
  return loading;
}

/** By an element, as a page from a disk can't fetch. Where the file is missing, the worker says that it has none. */
function load(): Promise<string> {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("webgpu.js", document.baseURI).href;
    script.onload = () => resolve(globalThis.webgpuText ?? "");
    script.onerror = () => resolve("");
    document.head.append(script);
  });
}
