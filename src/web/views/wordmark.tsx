/** The name, as it is drawn: two who talk. */
export function Wordmark() {
  return (
    <span class="wordmark">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
        <path
          class="wordmark-one"
          d="M6 4h13a4 4 0 0 1 4 4v5a4 4 0 0 1-4 4h-7l-5 4.5v-4.5H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"
        />
        <path
          class="wordmark-two"
          d="M26 11a4 4 0 0 1 4 4v5a4 4 0 0 1-4 4h-1v4.5L20 24h-4a4 4 0 0 1-3.8-2.8L13.5 20H20a6 6 0 0 0 6-6z"
        />
      </svg>
      <span>papo</span>
    </span>
  );
}
