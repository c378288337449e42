import { runAddress } from "../router.ts";

/** The latent explorer of a run. */
export function Explorer({ id }: { id: string }) {
  return (
    <section class="page">
      <p class="crumbs">
        <a href="#/">Runs</a> / <a href={runAddress(id)}>{id}</a>
      </p>
      <h1>Explore</h1>
      <p class="hint">There is nothing here yet.</p>
    </section>
  );
}
