import { hueOf, initialsOf } from '../state/people.ts';

/** A person's initials on their colour. The name stands beside it: to a screen reader it says nothing. */
export function Avatar({ id, name, size = 'm' }: { id: string; name: string; size?: 's' | 'm' | 'l' }) {
  return (
    <span class={`avatar avatar-${size}`} style={{ '--hue': hueOf(id) }} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
