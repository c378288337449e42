import { FactList } from "../parts/fact_list.tsx";

/** What a JSON file of the run says, as names and values. */
export function Facts({ title, value }: { title: string; value: unknown }) {
  const facts = factsOf(value);
  if (facts.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <FactList class="facts" facts={facts} />
    </section>
  );
}

/** So many are read: a file may hold anything. */
const MOST = 200;

function factsOf(value: unknown): [name: string, text: string][] {
  const facts: [string, string][] = [];
  const visit = (name: string, at: unknown, depth: number) => {
    if (facts.length >= MOST || at === null || at === undefined || name === "command") return;
    if (typeof at !== "object") facts.push([name, String(at)]);
    else if (Array.isArray(at) && at.every((item) => typeof item !== "object"))
      facts.push([name, at.join(", ")]);
    else if (depth < 6)
      for (const [key, child] of Object.entries(at))
        visit(name === "" ? key : `${name} · ${key}`, child, depth + 1);
  };
  visit("", value, 0);
  return facts.filter(([, text]) => text !== "");
}
