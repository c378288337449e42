import { useCallback } from "preact/hooks";
import { getModel } from "../api.ts";
import { runAddress } from "../router.ts";
import { Explorer } from "./explorer.tsx";

/** The latent explorer of a run that the server has. */
export function ExplorePage({ id }: { id: string }) {
  const load = useCallback(() => getModel(id), [id]);
  return (
    <section class="page">
      <p class="crumbs">
        <a href="#/">Runs</a> / <a href={runAddress(id)}>{id}</a>
      </p>
      <h1>Explore</h1>
      <Explorer load={load} />
    </section>
  );
}
