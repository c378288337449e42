import type { RunDetail } from "../api.ts";
import { Copy } from "../parts/copy.tsx";

/** Lines to type for the run. */
export function Commands({ commands }: { commands: RunDetail["commands"] }) {
  return (
    <section aria-label="Commands">
      <h2>Commands</h2>
      <dl class="commands">
        {commands.map(({ what, line }) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              <code>{line}</code>
              <Copy text={line} what={`the command: ${what}`} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
