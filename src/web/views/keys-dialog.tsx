import { isTouched } from '../state/screen.ts';
import { keyNames } from '../words/key-names.ts';
import { useWords } from './context.ts';
import { Dialog } from './dialog.tsx';

/** Which keys there are. */
export function KeysDialog() {
  const words = useWords();
  const { command, alt, shift } = keyNames;
  const keys: [string[][], string][] = [
    [[[command, 'K']], words.keySwitch],
    [
      [
        [alt, '↑'],
        [alt, '↓'],
      ],
      words.keyNext,
    ],
    [
      [
        [alt, shift, '↑'],
        [alt, shift, '↓'],
      ],
      words.keyNextUnread,
    ],
    [[isTouched.value ? [command, 'Enter'] : ['Enter']], words.keySend],
    [[isTouched.value ? ['Enter'] : [shift, 'Enter']], words.keyBreak],
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
