/** Names and what they are, as a list; `class` says how it is laid out. */
export const FactList = (props: {
  class: "facts" | "numbers";
  facts: readonly (readonly [name: string, text: string])[];
}) => (
  <dl class={props.class}>
    {props.facts.map(([name, text]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{text}</dd>
      </div>
    ))}
  </dl>
);
