import { useEffect } from "preact/hooks";
import { deferred } from "./parts/deferred.tsx";
import { ThemeChoice } from "./parts/theme_choice.tsx";
import { place, TRAIN } from "./router.ts";
import { RunPage } from "./run/run_page.tsx";
import { RunsPage } from "./runs/runs_page.tsx";
import { about, announcement, live, problem } from "./store.ts";

/** They bring a megabyte along: what computes. */
const ExplorePage = deferred(async () => (await import("./explore/explore_page.tsx")).ExplorePage);
const TrainPage = deferred(async () => (await import("./train/train_page.tsx")).TrainPage);

export function App() {
  const { value } = place;
  const id = "id" in value ? value.id : "";
  const name = value.page === "train" ? "Train here" : id || (about.value?.folder ?? "Runs");
  useEffect(() => {
    document.title = `${name} · vae ui`;
  }, [name]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <Header />
      <main id="main" tabIndex={-1} key={`${value.page} ${id}`}>
        {problem.value !== undefined && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        {value.page === "runs" && <RunsPage />}
        {value.page === "run" && <RunPage id={value.id} />}
        {value.page === "train" && <TrainPage />}
        {value.page === "explore" && <ExplorePage id={value.id} />}
      </main>
      <p class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </p>
    </>
  );
}

function Header() {
  return (
    <header class="top">
      <a class="home" href="#/">
        <Mark />
        <span>{about.value?.folder ?? "vae ui"}</span>
      </a>
      <span class={live.value ? "live on" : "live"} role="status" title={about.value?.path}>
        <span class="mark" aria-hidden="true" />
        {live.value ? "Live" : "Connecting…"}
      </span>
      <span class="space" />
      <a href={TRAIN}>Train here</a>
      <ThemeChoice />
    </header>
  );
}

const Mark = () => (
  <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <rect width="32" height="32" rx="8" class="mark-back" />
    <path d="M6 8v16l8-5v-6zM26 8v16l-8-5v-6z" class="mark-front" />
  </svg>
);
