import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { workerTexts } from "../scripts/browser_twins.js";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./", // wherever it is served from
  publicDir: false,
  plugins: [workerTexts],
  build: {
    outDir: fileURLToPath(new URL("../dist/page", import.meta.url)),
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
  },
});
