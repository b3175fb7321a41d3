/** One of a few: radio buttons, drawn as one row. */
export function Choice<T extends string>(props: {
  legend: string;
  name: string;
  value: T;
  options: readonly { value: T; label: string; hint?: string }[];
  onChange: (value: T) => void;
}) {
  const hasHints = props.options.some(({ hint }) => hint !== undefined);
  return (
    <fieldset class="choice" data-stacked={hasHints}>
      <legend>{props.legend}</legend>
      <div class="choice-options">
        {props.options.map(({ value, label, hint }) => (
          <label key={value}>
            <input
              type="radio"
              name={props.name}
              value={value}
              checked={props.value === value}
              onChange={() => props.onChange(value)}
            />
            <span>
              {label}
              {hint && <small>{hint}</small>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
