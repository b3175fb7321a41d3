import type { Signal } from '@preact/signals';
import { Field } from './field.tsx';

/** Where one types what is looked for. */
export function SearchField(props: {
  label: string;
  query: Signal<string>;
  maxLength: number;
  autofocus?: boolean | undefined;
}) {
  const { label, query, maxLength, autofocus } = props;
  return (
    <Field
      label={label}
      input={{
        type: 'search',
        value: query.value,
        maxLength,
        autocomplete: 'off',
        autofocus,
        onInput: event => {
          query.value = event.currentTarget.value;
        },
      }}
    />
  );
}
