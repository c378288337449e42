import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";

const configs = fileURLToPath(new URL("../../configs/", import.meta.url));
const bases = ["vanilla_vae.yaml", "dfcvae.yaml", "beta_vae.yaml"];

test.each(readdirSync(`${configs}parts`))(
  "the part %s fits over other configs and changes them",
  async (part) => {
    for (const base of bases) {
      const plain = await loadConfig(configs + base);
      const { config, notes } = await loadConfig([base, `parts/${part}`].map((name) => configs + name));
      expect(config.model_params).toEqual(plain.config.model_params);
      expect(config).not.toEqual(plain.config);
      expect(notes.filter((note) => note.includes("not used"))).toEqual([]);
    }
  },
);
