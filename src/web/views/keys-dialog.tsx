import { useWords } from './context.ts';
import { Dialog } from './dialog.tsx';

/** Which keys there are. */
export function KeysDialog() {
  const words = useWords();
  const keys: [string[][], string][] = [
    [
      [
        ['Ctrl', 'K'],
        ['⌘', 'K'],
      ],
      words.keySwitch,
    ],
    [
      [
        ['Alt', '↑'],
        ['Alt', '↓'],
      ],
      words.keyNext,
    ],
    [
      [
        ['Alt', 'Shift', '↑'],
        ['Alt', 'Shift', '↓'],
      ],
      words.keyNextUnread,
    ],
    [[['Enter']], words.keySend],
    [[['Shift', 'Enter']], words.keyBreak],
    [[['Esc']], words.keyClose],
    [[['?']], words.keyHelp],
  ];
  return (
    <Dialog title={words.keys}>
      <dl class="keys">
        {keys.map(([combinations, meaning]) => (
          <div key={meaning}>
            <dt>
              {combinations.map((combination, at) => (
                <span key={combination.join()}>
                  {at > 0 && <span class="key-or">{words.keyOr}</span>}
                  {combination.map(key => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </span>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
