import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openerFor } from "../../src/ui/open_browser.ts";
import { type Started, startVae, vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { makeRun } from "../support/made_runs.ts";

const runs = folder({ ".keep": "" });
makeRun(join(runs, "A/version_0"), { rows: 3 });

it.each(["SIGINT", "SIGTERM"] as const)(
  "vae ui serves until %s, and ends with code 0 though a page is open",
  async (signal) => {
    const ui = startVae(["ui", runs, "--no-open", "--port", "0"]);
    const url = await addressOf(ui);
    const page = await fetch(url);
    expect(await page.text()).toContain('<div id="app">');
    const stream = await fetch(`${url}api/events`);
    expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
    ui.child.kill(signal);
    const { code, stderr } = await ui.ended;
    expect([code, stderr]).toEqual([0, ""]);
  },
);

async function addressOf({ said }: Started): Promise<string> {
  return /http:\S+/.exec(await said("Ctrl-C ends it"))![0];
}

it("mistakes are sentences", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const { port } = busy.address() as AddressInfo;
  const ends = await Promise.all(
    [
      ["nowhere"],
      [runs, "--port", String(port)],
      [runs, "--host", "256.1.1.1"],
      [runs, "--port", "70000"],
    ].map((args) => vae(["ui", "--no-open", ...args])),
  );
  busy.close();
  expect(ends.map(({ code, stderr }) => [code, stderr.split("\n")[0]])).toEqual([
    [2, expect.stringContaining('expected a folder of runs, got "nowhere"')],
    [1, expect.stringContaining(`--port: expected a free port, got ${port}`)],
    [1, expect.stringContaining('--host: expected an address of this machine, got "256.1.1.1"')],
    [2, expect.stringContaining("Expected an integer from 0 to 65535")],
  ]);
  for (const { stderr } of ends) expect(stderr).not.toMatch(/^\s+at /m);
});

it("two at once take two ports", async () => {
  const both = [startVae(["ui", runs, "--no-open"]), startVae(["ui", runs, "--no-open"])];
  const urls = await Promise.all(both.map(addressOf));
  expect(new Set(urls).size).toBe(2);
  for (const { child } of both) child.kill("SIGINT");
  for (const { ended } of both) expect((await ended).code).toBe(0);
});

it("a browser is opened where somebody sees it", () => {
  expect(openerFor("darwin", {})).toEqual(["open"]);
  expect(openerFor("win32", {})?.[0]).toBe("rundll32");
  expect(openerFor("linux", { DISPLAY: ":0" })).toEqual(["xdg-open"]);
  expect(openerFor("linux", { WAYLAND_DISPLAY: "wayland-0" })).toEqual(["xdg-open"]);
  expect(openerFor("linux", {})).toBeUndefined();
  expect(openerFor("linux", { DISPLAY: ":10", SSH_CONNECTION: "1" })).toBeUndefined();
});
