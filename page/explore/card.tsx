import type { Exploration } from "./exploration.ts";

/** What the model is and how it was trained. */
export function Card({ at }: { at: Exploration }) {
  const { model, imageShape, trained, license, layout } = at.card;
  const numbers = Object.entries(trained.metrics).filter(([, value]) => Number.isFinite(value));
  return (
    <section class="card" aria-label="About the model">
      <h2>About the model</h2>
      <dl class="numbers">
        <Fact name="Variant" value={model} />
        <Fact name="Images" value={imageShape.join(" × ")} />
        <Fact name="Numbers of z" value={String(layout.size)} />
        <Fact name="Trained on" value={`${trained.data}, ${trained.images.toLocaleString("en")} images`} />
        <Fact name="Steps" value={trained.step.toLocaleString("en")} />
        <Fact name="Licence" value={license ?? "not stated"} />
        <Fact name="Computed by" value={at.opened.device} />
      </dl>
      <details>
        <summary>Validation</summary>
        <dl class="numbers">
          {numbers.map(([name, value]) => (
            <Fact key={name} name={name} value={String(Number(value.toPrecision(5)))} />
          ))}
        </dl>
      </details>
      <details>
        <summary>Config</summary>
        <pre>{trained.config}</pre>
      </details>
    </section>
  );
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
