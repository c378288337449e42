import { useSignal } from "@preact/signals";

/** Copies a text; says so for a moment. */
export function Copy({ text, what }: { text: string; what: string }) {
  const said = useSignal("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = "Copied";
    } catch {
      said.value = copyOldWay(text) ? "Copied" : "Select it by hand"; // not to be had without HTTPS
    }
    setTimeout(() => {
      said.value = "";
    }, 1500);
  };
  return (
    <button type="button" class="quiet copy" onClick={() => void copy()} aria-label={`Copy ${what}`}>
      <span aria-live="polite">{said.value || "Copy"}</span>
    </button>
  );
}

function copyOldWay(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
