import { useCallback } from "preact/hooks";
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

/** A run's model, packed. @throws Error with what the server says */
async function getModel(id: string): Promise<Uint8Array> {
  const response = await fetch(`api/model?${new URLSearchParams({ id })}`);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(body.error ?? `The server answers ${response.status}.`);
}
