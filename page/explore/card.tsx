import { FactList } from "../parts/fact_list.tsx";
import type { Exploration } from "./exploration.ts";

/** What the model is and how it was trained. */
export function Card({ at }: { at: Exploration }) {
  const { model, imageShape, trained, license, layout } = at.card;
  const numbers = Object.entries(trained.metrics).filter(([, value]) => Number.isFinite(value));
  return (
    <section class="card" aria-label="About the model">
      <h2>About the model</h2>
      <FactList
        class="numbers"
        facts={[
          ["Variant", model],
          ["Images", imageShape.join(" × ")],
          ["Numbers of z", String(layout.size)],
          ["Trained on", `${trained.data}, ${trained.images.toLocaleString("en")} images`],
          ["Steps", trained.step.toLocaleString("en")],
          ["Licence", license ?? "not stated"],
          ["Computed by", at.computing.value.device],
        ]}
      />
      <details>
        <summary>Validation</summary>
        <FactList
          class="numbers"
          facts={numbers.map(([name, value]) => [name, String(Number(value.toPrecision(5)))])}
        />
      </details>
      <details>
        <summary>Config</summary>
        <pre>{trained.config}</pre>
      </details>
    </section>
  );
}
