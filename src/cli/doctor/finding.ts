/** What the doctor has looked at, how it is, and for what isn't well what to do. */
export type Finding = {
  check: string;
  /** `warning`: works, and will not for ever; `problem`: mend it. */
  state: 'ok' | 'warning' | 'problem';
  says: string;
  fix?: string;
};

export function ok(check: string, says: string): Finding {
  return { check, state: 'ok', says };
}

export function warning(check: string, says: string, fix: string): Finding {
  return { check, state: 'warning', says, fix };
}

export function problem(check: string, says: string, fix: string): Finding {
  return { check, state: 'problem', says, fix };
}
