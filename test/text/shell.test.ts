import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord } from "../../src/text/shell.ts";

it("a word that was quoted is one word to a shell, and the same", () => {
  const words = ["logs", "my logs", "it's", 'a "b" c', "$HOME `id` \\", "ä*?", "", "--set=a,b", "#1"];
  const said = execFileSync("sh", ["-c", `printf '%s\\n' ${words.map(shellWord).join(" ")}`], {
    encoding: "utf8",
  });
  expect(said.split("\n").slice(0, -1)).toEqual(words);
  expect(shellWord("logs/DFCVAE/version_0")).toBe("logs/DFCVAE/version_0");
});
