import { execFileSync } from "node:child_process";
import { beforeAll, expect, it } from "vitest";
import { vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";

let script: string;

beforeAll(async () => {
  const { code, stdout } = await vae(["completion", "bash"]);
  expect(code).toBe(0);
  script = stdout;
});

/** What bash offers for a line, its last word under way; "files" where it is left to bash's own completion of files. */
function offered(line: string): string[] {
  const words = line.split(/ |(?==)|(?<==)/); // bash takes = for a word of its own
  const ask = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vae; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["--norc", "-uec", ask, "bash", ...words], { encoding: "utf8" });
  const found = out.split("\n").filter((word) => word !== "");
  return found.length > 0 ? found : ["files"];
}

it.each([
  ["a command", "vae sam", ["sample"]],
  ["a command that another begins with", "vae run", ["run", "runs"]],
  ["a command of a command", "vae setup ten", ["tensorflow"]],
  ["an option of the command", "vae sample logs/x --te", ["--temperature"]],
  ["an option of a command's command", "vae setup tensorflow --wh", ["--wheel"]],
  ["the values of an option", "vae interpolate logs/x --path ", ["spherical", "linear"]],
  ["the value begun of an option", "vae run --backend wa", ["wasm"]],
  ["a value after =", "vae run --backend=ten", ["tensorflow"]],
  ["the first value after =", "vae interpolate x --path=", ["spherical", "linear"]],
  ["the words of an argument", "vae completion ", ["bash", "zsh", "fish"]],
  ["the samplers", "vae sample logs/x --sampler f", ["flow"]],
  ["the variants", "vae models Be", ["BetaVAE", "BetaTCVAE"]],
  ["files for an option's value", "vae run --config co", ["files"]],
  ["files for an argument", "vae sample lo", ["files"]],
])("bash completes %s", (_, line, expected) => {
  expect(offered(line)).toEqual(expected);
});

it("bash completes every command and every option of the help", async () => {
  const commands = offered("vae ");
  expect(commands).toContain("sample");
  const named = commands.filter((name) => name !== "help");
  const helps = await Promise.all(named.map((command) => vae([command, "--help"])));
  for (const [i, command] of named.entries()) {
    const { stdout } = helps[i]!;
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option!);
    expect(offered(`vae ${command} --`), command).toEqual(options);
    expect(stdout, command).toMatch(new RegExp(`Examples:[\\s\\S]*vae ${command}|Commands:`));
  }
});

it("bash runs the script of a shell's start twice, and completes by it", () => {
  const home = folder({ "vae.bash": script });
  const again = `source ${home}/vae.bash; source ${home}/vae.bash; complete -p vae`;
  expect(execFileSync("bash", ["--norc", "-ec", again], { encoding: "utf8" })).toBe(
    "complete -o default -F _vae vae\n",
  );
});

it.each(["zsh", "fish"])("the script for %s names every command and option", async (shell) => {
  const { code, stdout } = await vae(["completion", shell]);
  expect(code).toBe(0);
  for (const command of offered("vae ")) expect(stdout).toContain(command);
  for (const option of offered("vae sample --")) expect(stdout).toContain(option.slice(2));
});

it("another shell is refused by a sentence", async () => {
  const { code, stderr } = await vae(["completion", "tcsh"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/'tcsh' is invalid.*Allowed choices are bash, zsh, fish/);
});
