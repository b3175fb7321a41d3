import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

type FieldProps = {
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  /** Beside the input, like a button that shows the password. */
  children?: ComponentChildren;
  input: InputHTMLAttributes<HTMLInputElement>;
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
