import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";

/**
 * The folder of the built page: the package has it; in a checkout it is built after a change of the sources, which takes
 * seconds.
 *
 * @param say is told so
 * @throws UserError where it can't be built
 */
export async function pageFolder(say: (text: string) => void): Promise<string> {
  const builder = new URL("../../scripts/build_page.js", import.meta.url);
  if (!existsSync(builder)) return fileURLToPath(new URL("../page", import.meta.url));
  const { builtPage } = (await import(builder.href)) as {
    builtPage: (say: (text: string) => void) => Promise<string>;
  };
  try {
    return await builtPage(say);
  } catch (error) {
    throw new UserError(
      `the page can't be built: ${(error as Error).message}. Is everything installed (npm ci)?`,
      { cause: error },
    );
  }
}
