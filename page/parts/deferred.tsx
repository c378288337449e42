import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

/** A component that is got where it is shown first. */
export function deferred<Props extends object>(
  get: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let Got: ComponentType<Props> | undefined;
  return (props: Props) => {
    const isThere = useSignal(Got !== undefined);
    const problem = useSignal("");
    useEffect(() => {
      if (Got !== undefined) return;
      get().then(
        (component) => {
          Got = component;
          isThere.value = true;
        },
        (error: Error) => {
          problem.value = error.message;
        },
      );
    }, []);
    if (isThere.value && Got !== undefined) return <Got {...props} />;
    return <p class="hint page">{problem.value || "Loading…"}</p>;
  };
}
