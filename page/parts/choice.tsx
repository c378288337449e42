/** One of a few words: buttons side by side, of which one is pressed. */
export function Choice<T extends string>(props: {
  label: string;
  options: readonly (readonly [value: T, shown: string])[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice" aria-label={props.label}>
      {props.options.map(([value, shown]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {shown}
        </button>
      ))}
    </fieldset>
  );
}
