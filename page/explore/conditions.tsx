import type { Exploration } from "./exploration.ts";

/** The labels that the model is conditioned on. */
export function Conditions({ at }: { at: Exploration }) {
  const { conditions = [], labels = [] } = at.card;
  if (conditions.length === 0 || at.condition.value === undefined) return null;
  return (
    <section class="conditions" aria-label="Conditions">
      <h2>Conditions</h2>
      {conditions.map((column) => {
        const { name, values, valueNames } = labels[column]!;
        const value = at.condition.value![column]!;
        return (
          <div key={column} class="condition">
            <span aria-hidden="true">{name}</span>
            {values === undefined ? (
              <input
                type="number"
                aria-label={name}
                step="any"
                value={value}
                onInput={(event) => at.setCondition(column, Number(event.currentTarget.value))}
              />
            ) : (
              <select
                aria-label={name}
                value={value}
                onChange={(event) => at.setCondition(column, Number(event.currentTarget.value))}
              >
                {Array.from({ length: values }, (_, k) => (
                  <option key={k} value={k}>
                    {valueNames?.[k] ?? k}
                  </option>
                ))}
              </select>
            )}
          </div>
        );
      })}
    </section>
  );
}
