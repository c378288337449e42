import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { examples } from "../examples.ts";
import { wholeNumber } from "../numbers.ts";

interface Options {
  readonly host: string;
  readonly port?: number;
  readonly open: boolean;
}

/** `vae ui [FOLDER]`: the runs in a browser, live. */
export function addUi(program: Command): void {
  program
    .command("ui")
    .description("watch and compare runs in a browser")
    .argument("[folder]", "folder of runs, or a run", "logs")
    .option("--host <address>", "listen there; beyond this machine the address has a token", "127.0.0.1")
    .option("--port <number>", "listen there; left out, 6180 or a free one", port)
    .option("--no-open", "print the address and open no browser")
    .addHelpText(
      "after",
      examples({
        "vae ui": "all in logs/",
        "vae ui logs/DFCVAE/version_0": "one run",
        "vae ui --host 0.0.0.0 --port 8080": "for other machines that have the address with its token",
      }),
    )
    .action((folder: string, options: Options) => run(folder, options));
}

function port(text: string): number {
  const n = wholeNumber(0)(text);
  if (n > 65535) throw new InvalidArgumentError("Expected an integer from 0 to 65535.");
  return n;
}

async function run(folder: string, { host, port, open }: Options): Promise<void> {
  const { startUi } = await import("../../ui/server.ts");
  const { pageFolder } = await import("../../ui/page_folder.ts");
  const { openBrowser } = await import("../../ui/open_browser.ts");
  const { takeSignals } = await import("../../process/signals.ts");
  const page = await pageFolder((text) => console.log(`note   ${text}`));
  const ui = await startUi({ folder, page, host, port });
  const left = new Promise<void>((resolve) => takeSignals(() => resolve()));
  console.log(`runs of ${folder} at ${ui.url}`);
  if (ui.isOpen && new URL(ui.url).hostname === "localhost")
    console.log("From other machines: the same with this one's name in place of localhost.");
  console.log("Ctrl-C ends it.");
  if (open) openBrowser(ui.url);
  await left; // asked to, so that code 0 is right
  await ui.close();
}
