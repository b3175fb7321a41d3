import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

/** What the page asks of an input. */
interface Input {
  name?: string;
  type?: 'text' | 'search' | 'password';
  value?: string;
  defaultValue?: string;
  maxLength: number;
  required?: boolean;
  autofocus?: boolean | undefined;
  /** What a password manager or a keyboard may offer. */
  autocomplete?: string;
  autocapitalize?: 'none';
  spellcheck?: boolean;
  onInput?: (event: InputEvent & { currentTarget: HTMLInputElement }) => void;
}

type FieldProps = {
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  /** Beside the input, like a button that shows the password. */
  children?: ComponentChildren;
  input: Input;
};

/** A labelled input; what is wrong with it is said below, and belongs to it for a screen reader too. */
export function Field({ label, hint, problem, children, input }: FieldProps) {
  const id = useId();
  const note = problem ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-input">
        <input
          id={id}
          aria-describedby={note ? `${id}-note` : undefined}
          aria-invalid={problem !== undefined}
          {...(input as InputHTMLAttributes<HTMLInputElement>)}
        />
        {children}
      </div>
      {note && (
        <p id={`${id}-note`} class={problem ? 'note problem' : 'note'}>
          {note}
        </p>
      )}
    </div>
  );
}
