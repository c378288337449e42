import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { vae } from "../support/cli.ts";

it("vae --version prints the package's version, after any command too", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  for (const args of [["--version"], ["-V"], ["models", "--version"]])
    expect(await vae(args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
