import { spawn } from "node:child_process";

/**
 * Opens `url` in the user's browser, where there is one to be seen: not over SSH, nor on a machine without a display. Does
 * nothing where that fails; the address is printed all the same.
 */
export function openBrowser(url: string): void {
  const opener = openerFor(process.platform, process.env);
  if (opener === undefined) return;
  const [command, ...args] = opener;
  const child = spawn(command!, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {}); // none installed
  child.unref();
}

/** The program that opens addresses, with its arguments; undefined where nobody would see it. */
export function openerFor(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly string[] | undefined {
  if (env.SSH_CONNECTION || env.CI) return undefined;
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ["xdg-open"] : undefined;
}
