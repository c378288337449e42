export {
  acceleratorPlugin,
  findPlugin,
  isTested,
  type Plugin,
  pluginFolder,
  pluginFor,
  testedText,
} from "./find.ts";
export { acceleratorsHere } from "./hardware.ts";
export { openPlugin, tellCuda } from "./load.ts";
export { PLATFORMS, variableOf, type XlaPlatform, xlaPlatforms } from "./platforms.ts";
