/** Rows 15, 16 and 22 of abuse.md: names that are taken, passwords that won't do, and how they are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '../src/contract/objects.ts';
import { attackedServer, newName, requireProblem } from './support/abuse.ts';

const server = attackedServer();

type Outcome = Grant & { code?: string };

const register = (username: unknown, password: unknown = server.newPassword()) =>
  server.post<Outcome>('/register', { username, password });

const login = (username: string, password: string) => server.post<Outcome>('/login', { username, password });

const usersNamed = (username: string) => server.query('select from users where username = $1', [username]);

test('[abuse 15] of fifty registrations of one name at once one succeeds', async () => {
  const name = newName();
  const attempts = Array.from({ length: 50 }, () => server.newPassword());
  const answers = await Promise.all(attempts.map(password => register(name, password)));
  const counts = Object.groupBy(answers, ({ status }) => String(status));
  assert.deepEqual(
    Object.entries(counts).map(([status, found]) => [status, found?.length]),
    [
      ['201', 1],
      ['409', 49],
    ],
  );
  assert.ok(counts['409']?.every(({ body }) => body.code === 'username_taken'));
  assert.equal((await usersNamed(name)).length, 1);
  const winner = answers.findIndex(({ status }) => status === 201);
  const logins = await Promise.all(attempts.map(password => login(name, password)));
  assert.deepEqual(
    logins.flatMap(({ status }, at) => (status === 200 ? at : [])),
    [winner],
  );
});

test('[abuse 15] of all spellings of one name at once one succeeds', async () => {
  const name = newName();
  const spellings = [
    name,
    name.toUpperCase(),
    fullWidth(name),
    fullWidth(name.toUpperCase()),
    mathBold(name),
  ];
  const answers = await Promise.all([...spellings, ...spellings].map(spelling => register(spelling)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(9).fill(409)]);
  assert.equal((await usersNamed(name)).length, 1);
});

test('[abuse 15] [AUTH-2] a name that is the same after NFKC in lower case is taken', async () => {
  await server.register('admin.kiss');
  const twins = [
    'admin.kiss',
    'Admin.kiss',
    'ADMIN.KISS',
    fullWidth('admin.kiss'),
    fullWidth('Admin.Kiss'),
    mathBold('admin.kiss'),
    // Kelvin sign, long s, circled letters, one dot leader, a ligature of two letters' worth.
    ...['admin.\u212aiss', 'admin.ki\u017fs', '\u24d0dmin.kiss', 'admin\u2024kiss', 'admin.ki\u02e2\u02e2'],
  ];
  for (const twin of twins) {
    const { status, body } = await register(twin);
    assert.equal(status, 409, twin);
    assert.equal(body.code, 'username_taken');
  }
});

test('[abuse 15] a name that only looks the same is refused', async () => {
  await server.register('admin');
  const twins = [
    'admin.',
    '.admin',
    '-admin',
    'admin_',
    'admin ',
    ' admin',
    'admin\n',
    '\tadmin',
    'ad min',
    'admin\u00a0',
    // Invisible: zero width space and joiner, soft hyphen, byte order mark, word joiner, a variation selector, a tag.
    'ad\u200bmin',
    'ad\u200dmin',
    'ad\u00admin',
    '\ufeffadmin',
    'admin\u2060',
    'admin\ufe0f',
    'admin\u{e0061}',
    // Of other scripts, with accents, turned round, without a dot, with too much of one.
    ...['\u0430dmin', 'аdmіn', 'admi\u0301n', 'ádmin', '\u202enimda', 'adm\u0131n', 'ADM\u0130N', 'аdmin'],
    'admin\0',
    '\0admin',
    'admin\u0000x',
    'admin\ud800',
    '\udc00admin',
    'admin/x',
    'admin%00',
    "admin'--",
    '@admin',
  ];
  for (const twin of twins) {
    const { status, body } = await register(twin);
    assert.equal(status, 400, JSON.stringify(twin));
    assert.equal(body.code, 'bad_request');
  }
  assert.equal((await usersNamed('admin')).length, 1);
});

test('[abuse 15] a name is as long as it is after NFKC', async () => {
  const long = 'n'.repeat(32);
  // The ligature ﬃ is one character before and three after.
  for (const name of [
    '',
    'ab',
    `${long}n`,
    `${long.slice(2)}\ufb03`,
    '\u3000',
    '\ufdfa',
    'a'.repeat(100_000),
  ]) {
    assert.equal((await register(name)).status, 400, name.slice(0, 40));
  }
  for (const [name, username] of [
    ['ab1', 'ab1'],
    [long, long],
    ['\ufb03', 'ffi'],
  ] as const) {
    const { status, body } = await register(name);
    assert.equal(status, 201, name);
    assert.equal(body.user.username, username);
  }
});

test('[abuse 15] [AUTH-2] every spelling of a name signs in the same person', async () => {
  const { user, password } = await server.register();
  for (const spelling of [user.username.toUpperCase(), fullWidth(user.username), mathBold(user.username)]) {
    const { status, body } = await login(spelling, password);
    assert.equal(status, 200);
    assert.equal(body.user.id, user.id);
  }
});

test('[abuse 16] [AUTH-3] a password of 7 or of 129 characters is refused, one of 8 to 128 is taken', async () => {
  for (const [length, expected] of [
    [0, 400],
    [7, 400],
    [8, 201],
    [128, 201],
    [129, 400],
    [100_000, 400],
  ] as const) {
    const { status, body } = await register(newName(), server.newPassword(length));
    assert.equal(status, expected, `${length} characters`);
    if (status === 400) assert.equal(body.code, 'bad_request');
  }
});

test('[abuse 16] a password of 1 MB is too large', async () => {
  const name = newName();
  for (const path of ['/register', '/login']) {
    const body = JSON.stringify({ username: name, password: 'x'.repeat(1_000_000) });
    const response = await server.postBytes(path, body);
    requireProblem(response, 413, 'too_large');
  }
  assert.deepEqual(await usersNamed(name), []);
});

test('[abuse 16] a password with NUL is refused wherever it stands', async () => {
  for (const password of ['\0password', 'pass\0word', 'password\0', '\0'.repeat(8)]) {
    assert.equal((await register(newName(), password)).status, 400);
  }
});

test('[abuse 16] [AUTH-3] a password is neither trimmed nor normalised nor folded', async () => {
  const base = server.newPassword();
  const passwords = [
    ` ${base}`,
    `${base} `,
    `\t${base}\n`,
    `${base}é`,
    `${base}e\u0301`,
    `${base}\ufb03`,
    `${base}\u200b`,
  ];
  const others = (password: string) =>
    [password.trim(), password.normalize('NFC'), password.normalize('NFD'), password.normalize('NFKC'), base]
      .concat(password.toUpperCase(), password.slice(0, -1), `${password} `, `${password}\0`)
      .filter(other => other !== password);
  for (const password of [...passwords, '        ', '\u{1f511}'.repeat(8)]) {
    const name = newName();
    assert.equal((await register(name, password)).status, 201);
    assert.equal((await login(name, password)).status, 200);
    for (const other of others(password)) {
      assert.equal((await login(name, other)).status, 401, JSON.stringify([password, other]));
    }
  }
});

test('[abuse 16] every character of a long password counts', async () => {
  const name = newName();
  const password = server.newPassword(128);
  assert.equal((await register(name, password)).status, 201);
  for (const other of [`${password.slice(0, 127)}_`, password.slice(0, 72), `${password}x`]) {
    assert.equal((await login(name, other)).status, 401);
  }
});

test('[abuse 16] a password that is not well-formed Unicode is refused: it would be the same as another', async () => {
  const base = server.newPassword();
  for (const lone of ['\ud800', '\udc00', '\udc00\ud800']) {
    assert.equal((await register(newName(), `${base}${lone}`)).status, 400, JSON.stringify(lone));
  }
});

test('[abuse 16] a password that is no text is refused, on both ways in', async () => {
  const { user } = await server.register();
  for (const password of [undefined, null, 12345678, true, [], ['password'], { $ne: '' }, { length: 8 }]) {
    assert.equal((await server.post('/register', { username: newName(), password })).status, 400);
    assert.equal((await server.post('/login', { username: user.username, password })).status, 400);
  }
});

test('[abuse 16] signing in with a password that nobody can have is a wrong password and nothing else', async () => {
  const { user } = await server.register();
  for (const password of [
    '',
    'x',
    '\0'.repeat(8),
    '\ud800'.repeat(8),
    'x'.repeat(100_000),
    '$argon2id$v=19$',
  ]) {
    const { status, body } = await login(user.username, password);
    assert.equal(status, 401);
    assert.equal(body.code, 'invalid_credentials');
  }
});

test('[abuse 22] a password is stored as argon2id (m=19456, t=2, p=1) in PHC form, with a salt of its own', async () => {
  const password = server.newPassword();
  const names = [newName(), newName(), newName()];
  for (const name of names) await server.register(name, password);
  const rows = await server.query<{ password_hash: string }>(
    'select password_hash from users where username = any ($1)',
    [names],
  );
  const hashes = rows.map(row => row.password_hash);
  const form = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$(?<salt>[A-Za-z0-9+/]{22,})\$(?<tag>[A-Za-z0-9+/]{43,})$/;
  const parts = hashes.map(hash => form.exec(hash)?.groups);
  assert.ok(
    parts.every(groups => groups !== undefined),
    hashes.join('\n'),
  );
  assert.equal(new Set(parts.map(groups => groups?.['salt'])).size, names.length);
  assert.equal(new Set(parts.map(groups => groups?.['tag'])).size, names.length);
});

test('[abuse 22] neither a password nor a refresh token stands anywhere in the database', async () => {
  const { password, refreshToken, token } = await server.register();
  const tables = await server.query<{ name: string }>(
    "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'",
  );
  assert.ok(tables.length > 5);
  for (const { name } of tables) {
    for (const secret of [password, refreshToken, token]) {
      // As text, and as the bytes of it.
      const forms = [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret, 'base64url').toString('hex'),
      ];
      for (const form of forms) {
        const found = await server.query(`select from ${name} as row where position($1 in row::text) > 0`, [
          form,
        ]);
        assert.deepEqual(found, [], name);
      }
    }
  }
});

test('[abuse 15, 16, 22] stops in good order afterwards, and its log tells no password', async () => {
  await server.requireDiscreetLog();
});

function shifted(text: string, lower: number, upper: number, rest = (code: number) => code): string {
  const points = [...text].map(character => {
    const code = character.charCodeAt(0);
    if (/[a-z]/.test(character)) return lower + code - 0x61;
    if (/[A-Z]/.test(character)) return upper + code - 0x41;
    return rest(code);
  });
  return String.fromCodePoint(...points);
}

/** As East Asian keyboards write Latin letters. */
function fullWidth(text: string): string {
  return shifted(text, 0xff41, 0xff21, code => code + 0xfee0);
}

/** As fancy display names are written. */
function mathBold(text: string): string {
  return shifted(text, 0x1d41a, 0x1d400);
}
