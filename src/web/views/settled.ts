import type { Signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

const settleMs = 200;

/** What was typed, once the typing has stopped for a moment: not every key asks the server. */
export function useSettled(typed: Signal<string>): string {
  const [settled, setSettled] = useState(typed.value.trim());
  const now = typed.value.trim();
  useEffect(() => {
    const timer = setTimeout(() => setSettled(now), settleMs);
    return () => clearTimeout(timer);
  }, [now]);
  return settled;
}
