import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

/** Whatever an input can be; its type may change while it is shown. */
type Input = Omit<InputHTMLAttributes<HTMLInputElement>, 'type' | 'role' | 'list' | 'onInput'> & {
  type?: 'text' | 'search' | 'password';
  onInput?: (event: InputEvent & { currentTarget: HTMLInputElement }) => void;
};

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
        <input id={id} aria-describedby={note ? `${id}-note` : undefined} aria-invalid={problem !== undefined} {...input} />
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
