import { render } from "preact";
import "../style.css";
import { Explorer } from "../explore/explorer.tsx";
import { ThemeChoice } from "../parts/theme_choice.tsx";
import { place, TRAIN } from "../router.ts";
import { TrainPage } from "../train/train_page.tsx";

declare global {
  /** What model.js holds: a file that `vae publish` packed, in base64; a page from a disk can't fetch. */
  var packedModel: string;
}

/** The page of one published model, and one to train another in. */
function Site() {
  const trains = place.value.page === "train";
  return (
    <>
      <header class="top">
        <a class="home" href="#/">
          <span>{document.title}</span>
        </a>
        <span class="space" />
        <a href={TRAIN}>Train one here</a>
        <ThemeChoice />
      </header>
      <main>
        {trains ? (
          <TrainPage />
        ) : (
          <section class="page">
            <h1 class="unseen">Explore {document.title}</h1>
            <Explorer load={load} />
          </section>
        )}
      </main>
    </>
  );
}

async function load(): Promise<Uint8Array> {
  const text = atob(globalThis.packedModel);
  const file = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) file[i] = text.charCodeAt(i);
  return file;
}

render(<Site />, document.getElementById("app")!);
