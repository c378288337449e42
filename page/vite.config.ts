import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./", // wherever it is served from
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL("../dist/page", import.meta.url)),
    target: "es2022",
    modulePreload: false,
    license: { fileName: "licenses.md" }, // of what is in the page
    reportCompressedSize: false,
  },
});
