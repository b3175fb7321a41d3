import type { ComponentChildren } from 'preact';
import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';

/** A screen that has nothing to show: it says why, and what to do next. */
export function Placeholder(props: { title: string; hint?: string; children?: ComponentChildren }) {
  const { place } = useApp();
  const words = useWords();
  return (
    <div class="placeholder-screen">
      {place.room !== undefined && (
        <IconButton icon="back" label={words.back} class="only-narrow" onClick={() => place.leaveRoom()} />
      )}
      <div class="placeholder">
        <h1>{props.title}</h1>
        {props.hint && <p>{props.hint}</p>}
        {props.children}
      </div>
    </div>
  );
}
