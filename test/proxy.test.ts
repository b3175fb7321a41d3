/** papo behind a proxy: the configurations of deploy/proxy, as they are shipped. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { v7 as uuidv7 } from 'uuid';
import { WebSocket } from 'ws';
import { closeCodes } from '../src/contract/codes.ts';
import { limits, rates } from '../src/contract/limits.ts';
import { scratchFolder } from './support/backups.ts';
import { papo } from './support/papo.ts';
import { register, request, TestSocket } from './support/people.ts';
import { proxies, type RunningProxy } from './support/proxy.ts';
import { startServer, type TestServer } from './support/server.ts';

for (const [name, { skip, start }] of Object.entries(proxies)) {
  describe(`behind ${name}`, { skip }, () => {
    const parts = new AsyncDisposableStack();
    let server: TestServer;
    let proxy: RunningProxy;

    before(async () => {
      const environment = {
        PAPO_RATE_LIMITS: 'on',
        PAPO_TRUSTED_PROXIES: '127.0.0.1,::1',
        PAPO_METRICS_ADDR: '127.0.0.1:0',
      };
      // The clock that rates go by stands still.
      const options = { now: () => 0 };
      server = parts.adopt(await startServer(environment, undefined, options), it => it.close());
      proxy = parts.adopt(await start(server.url), it => it.end());
      setDefaultCACertificates([...getCACertificates('bundled'), proxy.certificate]);
    });

    after(() => parts.disposeAsync());

    test('people register and talk, over HTTP and live, also in the longest messages', async () => {
      const [ana, bruno] = [await register(proxy.url, 'ana'), await register(proxy.url, 'bruno')];
      const login = { username: 'ana', password: 'correct horse' };
      assert.equal((await request(proxy.url, 'POST', '/login', { body: login })).status, 200);
      const [talker, reader] = [
        await TestSocket.live(proxy.url, ana.token),
        await TestSocket.live(proxy.url, bruno.token),
      ];
      const room = (await talker.call('room.list', {})).rooms[0]?.id ?? '';
      // Six times as long as JSON.
      const text = '\u0001'.repeat(limits.maxTextBytes);
      await talker.call('message.send', { room, id: uuidv7(), text });
      const body = { id: uuidv7(), text };
      const sent = await request(proxy.url, 'POST', `/rooms/${room}/messages`, { token: ana.token, body });
      assert.equal(sent.status, 201);
      await reader.until(() => reader.texts(room).length === 2);
      assert.deepEqual(reader.texts(room), [text, text]);
      await Promise.all([talker.close(), reader.close()]);
    });

    test('[abuse 3] a page of the proxy’s own name may open a socket, a foreign one may not', async () => {
      const { token } = await register(proxy.url, 'carla');
      const refused = { status: 403, code: 'forbidden' };
      const evil = { origin: 'https://evil.example' };
      assert.deepEqual(await handshake(token, { origin: proxy.url }), { status: 101 });
      assert.deepEqual(await handshake(token, evil), refused);
      assert.deepEqual(await handshake(token, { ...evil, 'x-forwarded-host': 'evil.example' }), refused);
    });

    test('[abuse 7] limits count who asks, not the proxy, and not what is claimed', async () => {
      const { burst } = rates.registrations;
      await register(proxy.url, 'taken');
      const tries = Array.from({ length: burst + 5 }, (_, at) => at);
      // Each claims to be somebody else.
      const spoofed = await Promise.all(tries.map(at => registerFrom('127.0.0.2', `198.51.100.${at}`)));
      assert.equal(spoofed.filter(status => status === 409).length, burst);
      assert.equal(spoofed.filter(status => status === 429).length, tries.length - burst);
      assert.equal(await registerFrom('127.0.0.3'), 409);
    });

    test('what is too large is refused by papo, in its own words', async () => {
      const body = { text: 'x'.repeat(limits.maxBodyBytes) };
      const answer = await request<{ code: string }>(proxy.url, 'POST', '/login', { body });
      assert.deepEqual([answer.status, answer.body.code], [413, 'too_large']);
    });

    test('what is plain is sent to where it is encrypted', async () => {
      const answer = await fetch(`${proxy.plainUrl}/version`, { redirect: 'manual' });
      assert.ok([301, 308].includes(answer.status), String(answer.status));
      assert.match(answer.headers.get('location') ?? '', /^https:\/\/localhost(:\d+)?\/version$/);
    });

    test('metrics, which are there, can not be reached', async () => {
      assert.equal((await fetch(server.metricsUrl ?? '')).status, 200);
      assert.equal((await request(proxy.url, 'GET', '/metrics')).status, 404);
    });

    test('papo doctor finds that all is well on the way', async t => {
      const authority = join(await scratchFolder(t), 'authority.pem');
      await writeFile(authority, proxy.certificate);
      const { code, out, complaint } = await papo(['doctor', proxy.url, '--json'], {
        DATABASE_URL: server.databaseUrl,
        NODE_EXTRA_CA_CERTS: authority,
        PAPO_TRUSTED_PROXIES: '127.0.0.1,::1',
      });
      assert.equal(code, 0, out + complaint);
      const findings: { state: string; check: string }[] = JSON.parse(out).findings;
      const checks = ['websocket', 'origin', 'proxies', 'metrics'];
      const well = findings.filter(({ state, check }) => state === 'ok' && checks.includes(check));
      assert.deepEqual(
        well.map(({ check }) => check),
        checks,
      );
    });

    test('[SOCK-20] when papo stops, clients hear it: draining, and 1012', async () => {
      const { token } = await register(proxy.url, 'diana');
      const socket = await TestSocket.live(proxy.url, token);
      await server.close();
      assert.equal((await socket.closed).code, closeCodes.restarting);
      assert.ok(socket.events.some(({ event }) => event === 'draining'));
      await assert.rejects(register(proxy.url, 'elisa'));
    });

    async function handshake(token: string, headers: Record<string, string>) {
      const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/ws`, ['papo.v1'], {
        headers: { ...headers, authorization: `Bearer ${token}` },
      });
      const refused = once(socket, 'unexpected-response');
      const first = await Promise.race([once(socket, 'open').then(() => undefined), refused]);
      if (first === undefined) {
        socket.terminate();
        return { status: 101 };
      }
      const [, response] = first;
      const { status, code } = JSON.parse((await response.toArray()).join(''));
      return { status, code };
    }

    /** Registers a name that is taken, which costs nothing but what the rate counts. */
    async function registerFrom(localAddress: string, claimed?: string): Promise<number | undefined> {
      const sent = httpsRequest(`${proxy.url}/register`, {
        method: 'POST',
        localAddress,
        family: 4,
        agent: false,
        headers: { 'content-type': 'application/json', ...(claimed && { 'x-forwarded-for': claimed }) },
      });
      sent.end(JSON.stringify({ username: 'taken', password: 'nobody has it' }));
      const [response] = await once(sent, 'response');
      response.resume();
      return response.statusCode;
    }
  });
}

test('nginx waits longer for a socket than papo lets it be silent', () => {
  const text = readFileSync('deploy/proxy/nginx.conf', 'utf8');
  const timeouts = [...text.matchAll(/proxy_(?:read|send)_timeout (\d+)s;/g)].map(([, seconds]) =>
    Number(seconds),
  );
  assert.equal(timeouts.length, 2);
  // Two pings may be lost before papo itself gives a socket up.
  for (const seconds of timeouts) assert.ok(seconds * 1000 > 2 * limits.heartbeatMs, `${seconds} s`);
});
