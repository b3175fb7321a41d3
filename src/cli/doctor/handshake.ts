/** Does a WebSocket's handshake get through to papo? Asked without a token, so that nothing is opened. */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { reasonOf } from '../../server/store/database.ts';
import { type Finding, ok, problem } from './finding.ts';

const answerTimeoutMs = 5_000;
const maxAnswerBytes = 64 * 1024;
/** No page's. A handshake from it is refused by papo's socket door alone, before a token is asked for. */
const strangeOrigin = 'https://papo-doctor.invalid';

/** `code`: of papo's problem, undefined where something else answered. */
type Refusal = { status: number; code: string | undefined; server: string };

const headersForUpgrade =
  'Have it pass the handshake on: HTTP/1.1 with "Upgrade: $http_upgrade" and "Connection: upgrade" (nginx), or in its words.';

export async function lookAtHandshake(url: URL): Promise<Finding[]> {
  try {
    const strange = await ask(url, strangeOrigin);
    if (strange.code === undefined) {
      const who = `${strange.status} by ${strange.server}`;
      return [problem('websocket', `/ws is not answered by papo, but with ${who}`, headersForUpgrade)];
    }
    if (strange.code !== 'forbidden') {
      const says = `the handshake arrives as a plain request (${strange.status}): a proxy drops Upgrade or Connection`;
      return [problem('websocket', says, headersForUpgrade)];
    }
    return [ok('websocket', 'a handshake gets through to papo'), await lookAtOrigin(url)];
  } catch (error) {
    return [problem('websocket', `a handshake is not answered: ${reasonOf(error)}`, headersForUpgrade)];
  }
}

async function lookAtOrigin(url: URL): Promise<Finding> {
  const own = await ask(url, url.origin);
  return own.code === 'unauthorized'
    ? ok('origin', `${url.origin} is accepted`)
    : problem(
        'origin',
        `pages of ${url.origin} are refused (${own.status})`,
        `Have the proxy pass Host on; or send X-Forwarded-Host, from an address in PAPO_TRUSTED_PROXIES; or set PAPO_ORIGINS=${url.origin}.`,
      );
}

function ask(url: URL, origin: string): Promise<Refusal> {
  const options: RequestOptions = {
    timeout: answerTimeoutMs,
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('the papo doctor!').toString('base64'),
      'Sec-WebSocket-Protocol': 'papo.v1',
      Origin: origin,
    },
  };
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(`${url.origin}/ws`, options);
    request.on('response', response => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', chunk => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) response.destroy(new Error('the answer has no end'));
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, code: codeIn(Buffer.concat(chunks).toString()), server: named(headers.server) });
      });
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({
        status: response.statusCode ?? 101,
        code: undefined,
        server: named(response.headers.server),
      });
    });
    request.on('timeout', () => request.destroy(new Error(`nothing within ${answerTimeoutMs / 1000} s`)));
    request.on('error', reject);
    request.end();
  });
}

function named(server: string | string[] | undefined): string {
  return server === undefined ? 'something else' : String(server);
}

/** Papo's problems name their type by a code. */
function codeIn(body: string): string | undefined {
  return /"type":"urn:papo:error:(\w+)"/.exec(body)?.[1];
}
