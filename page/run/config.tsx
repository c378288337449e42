import { Copy } from "../parts/copy.tsx";

/** config.yaml, and what was changed on the way. */
export function Config({ text, changes }: { text: string | undefined; changes: readonly string[] }) {
  return (
    <section aria-label="Config">
      <div class="bar">
        <h2>Config</h2>
        {text !== undefined && <Copy text={text} what="the config" />}
      </div>
      {changes.length > 0 && (
        <ul class="changes">
          {changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      )}
      {text === undefined ? (
        <p class="hint">It can't be read.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
        <pre class="config" tabIndex={0}>
          {text}
        </pre>
      )}
    </section>
  );
}
