import type { Room } from 'papo/sdk';
import { useWords } from './context.ts';
import { Field } from './field.tsx';

/** Name and topic, to be typed: of a new room, or of one that there is. */
export function RoomFields(props: { info?: Room; problem: string | undefined; autofocus?: boolean }) {
  const { info, problem, autofocus } = props;
  const words = useWords();
  return (
    <>
      <Field
        label={words.roomName}
        problem={problem}
        input={{
          name: 'name',
          defaultValue: info?.name ?? '',
          required: true,
          maxLength: 80,
          autocomplete: 'off',
          autofocus,
        }}
      />
      <Field
        label={words.topic}
        hint={words.topicHint}
        input={{ name: 'topic', defaultValue: info?.topic ?? '', maxLength: 250, autocomplete: 'off' }}
      />
    </>
  );
}

/** What was typed; a topic that was left out is empty. */
export function roomFieldsOf(event: SubmitEvent): { name: string; topic: string } {
  const data = new FormData(event.currentTarget as HTMLFormElement);
  const typed = (field: string) => String(data.get(field) ?? '').trim();
  return { name: typed('name'), topic: typed('topic') };
}
