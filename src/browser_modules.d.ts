/** What scripts/browser_twins.js makes of files: their bytes, and the text of a worker's bundle. */
declare module "bytes:*" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
/** A file beside the bundle, which is loaded where it is wanted. */
declare module "webgpu:*" {}
declare module "worker:*" {
  const source: string;
  export default source;
}
