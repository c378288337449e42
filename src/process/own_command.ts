import { fileURLToPath } from "node:url";

/** The file that Node runs as `vae`. */
export const ownCommand: string = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
