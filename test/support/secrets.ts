/** What the tests of this process know and a log must never tell: every password and token that was sent or received. */
import assert from 'node:assert/strict';

/** What is shorter may stand in a log by chance. */
const minSecretLength = 7;

export const secrets = new Set<string>();

/** Remembers the passwords and tokens in a body, and secrets as they are. */
export function noteSecrets(body: unknown, ...more: (string | undefined)[]): void {
  const { password, newPassword, token, refreshToken } = (body ?? {}) as Record<string, unknown>;
  for (const secret of [password, newPassword, token, refreshToken, ...more]) {
    if (typeof secret !== 'string' || secret.length < minSecretLength) continue;
    // Fuzzed inputs are full of `toString` and the like, as passwords and as paths.
    if (!(secret in Object.prototype)) secrets.add(secret);
  }
}

/** @throws AssertionError with the lines that tell a secret, also one written as JSON. */
export function requireDiscreet(lines: readonly string[]): void {
  const text = lines.join('\n');
  const forms = [...secrets].flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1)]);
  const told = forms.filter(form => text.includes(form));
  const telling = lines.filter(line => told.some(form => line.includes(form)));
  assert.deepEqual(telling, [], 'the log tells a password or a token');
}
