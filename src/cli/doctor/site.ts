/** A server as its users reach it: through whatever stands in front of it. */
import { connect, type PeerCertificate } from 'node:tls';
import type { Config } from '../../server/config.ts';
import { reasonOf } from '../../server/store/database.ts';
import { version } from '../../server/version.ts';
import { clockFinding } from './database.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { lookAtHandshake } from './handshake.ts';

const answerTimeoutMs = 5_000;
/** What papo answers is shorter, but for its metrics, which are known by their beginning; other servers may go on for ever. */
const maxAnswerBytes = 64 * 1024;
/** A Date header counts in seconds, and takes a moment to arrive. */
const maxClockDifferenceMs = 5_000;
const dayMs = 86_400_000;
const renewDays = 14;

/** @param isAsked whether somebody named it; else it is where a server of these settings would be. */
export async function lookAtSite(url: URL, config: Config, isAsked: boolean): Promise<Finding[]> {
  const { origin } = url;
  const secured = url.protocol === 'https:' ? [await lookAtCertificate(url)] : [];
  const answer = await ask(`${origin}/livez`);
  if ('reason' in answer) {
    const says = `nobody answers at ${origin}: ${answer.reason}`;
    if (!isAsked) return [ok('site', `${says}; no server runs there`)];
    return [
      ...secured,
      problem('site', says, 'Start papo and the proxy; look at the name, the port, the firewall.'),
    ];
  }
  if (answer.status !== 200 || (answer.body as { live?: unknown })?.live !== true) {
    const says = `${origin} is answered by something else than papo (${answer.status})`;
    return [
      ...secured,
      problem('site', says, 'See that papo runs, and have the proxy pass every path of this name on to it.'),
    ];
  }
  return [
    ...secured,
    ok('site', `papo answers at ${origin}`),
    await lookAtVersion(origin),
    await lookAtReadiness(origin),
    ...(await lookAtHandshake(url)),
    ...lookAtProxies(url, config),
    await lookAtMetrics(origin),
    ...(answer.date === undefined
      ? []
      : [clockFinding('clock of the site', Math.abs(answer.date - Date.now()), maxClockDifferenceMs)]),
  ];
}

type Answer = { status: number; body: unknown; text: string; date: number | undefined };

async function ask(address: string): Promise<Answer | { reason: string }> {
  try {
    const response = await fetch(address, {
      redirect: 'manual',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const [text, date] = [await beginningOf(response), Date.parse(response.headers.get('date') ?? '')];
    return { status: response.status, body: parsed(text), text, date: Number.isNaN(date) ? undefined : date };
  } catch (error) {
    return { reason: reasonOf((error as Error).cause ?? error) };
  }
}

/** Breaking off ends the connection. */
async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function lookAtVersion(origin: string): Promise<Finding> {
  const answer = await ask(`${origin}/version`);
  const found = 'body' in answer ? (answer.body as { version?: unknown })?.version : undefined;
  return found === version
    ? ok('version', version)
    : warning(
        'version',
        `${found ?? 'none'} runs there, this is ${version}`,
        'Restart the server with this papo, or ask with the one that runs there.',
      );
}

async function lookAtReadiness(origin: string): Promise<Finding> {
  const answer = await ask(`${origin}/readyz?verbose`);
  const { ready, checks = {} } = ('body' in answer ? answer.body : {}) as {
    ready?: boolean;
    checks?: Record<string, boolean>;
  };
  const failing = Object.keys(checks).filter(name => !checks[name]);
  return ready
    ? ok('readiness', 'the server is ready')
    : problem(
        'readiness',
        `the server is not ready: ${failing.join(', ') || 'it does not say why'}`,
        'database: see that PostgreSQL answers; migrations: restart papo; accepting: it is stopping.',
      );
}

/** Whether whoever stands between is believed can't be seen from outside: only that nobody is. */
function lookAtProxies({ protocol, hostname, origin }: URL, { trustedProxies }: Config): Finding[] {
  const isBehind = protocol === 'https:' || !/^(localhost|127\..*|\[::1\])$/.test(hostname);
  if (!isBehind) return [];
  return [
    trustedProxies.length > 0
      ? ok('proxies', `${trustedProxies.join(', ')} are believed`)
      : warning(
          'proxies',
          `PAPO_TRUSTED_PROXIES is empty here: if a proxy serves ${origin}, all its users count as one address`,
          'Name the proxy’s address, as papo sees it, in PAPO_TRUSTED_PROXIES.',
        ),
  ];
}

async function lookAtMetrics(origin: string): Promise<Finding> {
  const answer = await ask(`${origin}/metrics`);
  const isTold = 'text' in answer && /^papo_/m.test(answer.text);
  return isTold
    ? problem('metrics', `everyone can read ${origin}/metrics`, 'Have the proxy not pass /metrics on.')
    : ok('metrics', 'not to be read from outside');
}

function lookAtCertificate({ hostname, port }: URL): Promise<Finding> {
  return new Promise(resolve => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 443),
      ...(/^[\d.]+$|^\[/.test(hostname) ? {} : { servername: hostname }),
      // Looked at whatever it is: what is wrong with it shall be told.
      rejectUnauthorized: false,
      timeout: answerTimeoutMs,
    });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const unreached = (reason: string) =>
      problem('certificate', `no TLS: ${reason}`, 'Have the proxy speak TLS at this port.');
    socket.on('secureConnect', () =>
      end(certificateFinding(socket.getPeerCertificate(), socket.authorizationError, Date.now())),
    );
    socket.on('timeout', () => end(unreached('no answer')));
    socket.on('error', error => end(unreached(reasonOf(error))));
  });
}

/** @param fault why it is not trusted. */
export function certificateFinding(
  { valid_to }: Pick<PeerCertificate, 'valid_to'>,
  fault: Error | string | null | undefined,
  now: number,
): Finding {
  const days = Math.floor((Date.parse(valid_to) - now) / dayMs);
  const renew = 'Renew it, and see that this happens by itself (certbot, Caddy).';
  if (days < 0) return problem('certificate', `expired ${-days} days ago`, renew);
  if (fault) {
    const says = `not trusted: ${typeof fault === 'string' ? fault : reasonOf(fault)}`;
    return problem('certificate', says, 'Use one of a known authority, with its whole chain, for this name.');
  }
  const says = `valid for ${days} days`;
  return days < renewDays ? warning('certificate', says, renew) : ok('certificate', says);
}
