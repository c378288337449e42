/** What a browser offers to compute on by WebGPU. */
export interface Gpu {
  readonly adapter: GPUAdapter;
  /** For people. */
  readonly name: string;
  /** Whether the processor computes in a GPU's place. */
  readonly isSoftware: boolean;
}

/** The browser's GPU; undefined where it offers none, as on a page that is no secure context. */
export async function findGpu(): Promise<Gpu | undefined> {
  const offered = (navigator as { gpu?: GPU }).gpu;
  const adapter = await offered?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return undefined;
  const info: Partial<GPUAdapterInfo> = adapter.info ?? {}; // which older browsers have not
  return { adapter, name: nameOf(info), isSoftware: isSoftware(info) };
}

/** Browsers that don't say whether it is a fallback yet name it. */
export const isSoftware = (info: Partial<GPUAdapterInfo>): boolean =>
  info.isFallbackAdapter ?? /swiftshader|llvmpipe|basic render|warp/i.test(nameOf(info));

const nameOf = ({ vendor, architecture, device, description }: Partial<GPUAdapterInfo>): string =>
  description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed";
