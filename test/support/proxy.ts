/** Real proxies in front of a server, on the configurations of deploy/proxy. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { endWithUs } from './child.ts';
import { ownPort } from './ports.ts';
import { eventually, within } from './waiting.ts';

export type RunningProxy = {
  /** `https://localhost:PORT`. */
  url: string;
  /** Where plain HTTP is listened to. */
  plainUrl: string;
  /** The certificate to believe. */
  certificate: string;
  end(): Promise<void>;
};

export type ProxyKind = {
  /** Why it can't run here. */
  skip: string | false;
  start(papoUrl: string): Promise<RunningProxy>;
};

/** Debian has servers where only root looks. */
const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;

export const proxies: Record<string, ProxyKind> = {
  nginx: { skip: without('nginx', 'nginx'), start: startNginx },
  Caddy: { skip: without('caddy', 'caddy'), start: startCaddy },
};

/** No proxy needs rights to run on high ports. */
const nobody = 65_534;

/** Only where the program is missing, and nobody relies on the test. */
function without(program: string, debianPackage: string): string | false {
  if (process.env.CI) return false;
  try {
    execFileSync('which', [program], { stdio: 'pipe', env: { PATH: path } });
    return false;
  } catch {
    return `needs ${program} (Debian: ${debianPackage})`;
  }
}

/** The file as it is, but for its ports, its certificate, and the folder of certbot. */
async function startNginx(papoUrl: string): Promise<RunningProxy> {
  const folder = await ownFolder();
  const [port, plainPort] = [await ownPort(), await ownPort()];
  const certificate = makeCertificate(folder);
  const shipped = await readFile('deploy/proxy/nginx.conf', 'utf8');
  const site = replaceAll(shipped, {
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen [::]:443 ssl;': '',
    'listen [::]:80;': '',
    '/etc/letsencrypt/live/chat.example.org': folder,
    '/var/www/html': folder,
    'http://127.0.0.1:8080': papoUrl,
  });
  await writeFile(join(folder, 'papo.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(folder, 'nginx.conf'),
    [
      'daemon off; worker_processes 1;',
      `pid ${folder}/nginx.pid;`,
      'events { worker_connections 256; }',
      'http {',
      'access_log off;',
      ...temporary.map(name => `${name}_temp_path ${folder}/${name};`),
      `include ${folder}/papo.conf;`,
      '}',
    ].join('\n'),
  );
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  return await run('nginx', args, folder, { port, plainPort }, certificate);
}

/** The file as it is: what differs here is in the environment, and in global options before it. */
async function startCaddy(papoUrl: string): Promise<RunningProxy> {
  const folder = await ownFolder();
  const [port, plainPort] = [await ownPort(), await ownPort()];
  const file = join(folder, 'Caddyfile');
  await writeFile(
    file,
    [
      '{',
      'admin off',
      'skip_install_trust',
      `http_port ${plainPort}`,
      `https_port ${port}`,
      '}',
      `import ${resolve('deploy/proxy/Caddyfile')}`,
    ].join('\n'),
  );
  const args = ['run', '--config', file, '--adapter', 'caddyfile'];
  const root = join(folder, 'caddy/pki/authorities/local/root.crt');
  return await run('caddy', args, folder, { port, plainPort }, root, {
    // For this name Caddy is its own authority.
    PAPO_DOMAIN: 'localhost',
    PAPO_UPSTREAM: new URL(papoUrl).host,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
    HOME: folder,
  });
}

/**
 * Starts it without rights, and waits until somebody can talk to it.
 * @param authority where the certificate to believe is, once it is there.
 */
async function run(
  program: string,
  args: string[],
  folder: string,
  { port, plainPort }: { port: number; plainPort: number },
  authority: string,
  environment: Record<string, string> = {},
): Promise<RunningProxy> {
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (user.uid !== undefined) execFileSync('chown', ['-R', `${nobody}:${nobody}`, folder]);
  const child = spawn(program, args, {
    ...user,
    cwd: folder,
    env: { PATH: path, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  endWithUs(child);
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', text => complaints.push(text));
  const ended = once(child, 'close');
  try {
    await eventually(`${program} answers`, () => {
      assert.equal(child.exitCode, null, complaints.join(''));
      return existsSync(authority) && answers(port, readFileSync(authority, 'utf8'));
    });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url: `https://localhost:${port}`,
    plainUrl: `http://localhost:${plainPort}`,
    certificate: readFileSync(authority, 'utf8'),
    end: async () => {
      child.kill('SIGTERM');
      await within(`${program} ends`, ended);
      await rm(folder, { recursive: true });
    },
  };
}

async function ownFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'papo-proxy-'));
}

/** For `localhost`, in the folder under the names that certbot gives. @returns the certificate's file. */
function makeCertificate(folder: string): string {
  const [key, file] = [join(folder, 'privkey.pem'), join(folder, 'fullchain.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat('-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
      .concat('-keyout', key, '-out', file),
    { stdio: 'pipe' },
  );
  return file;
}

/** Each must be there, or the file has become another one than is tested. */
function replaceAll(text: string, replacements: Record<string, string>): string {
  return Object.entries(replacements).reduce((changed, [from, to]) => {
    assert.ok(changed.includes(from), from);
    return changed.replaceAll(from, to);
  }, text);
}

/** Caddy listens before it has made its certificate. */
function answers(port: number, authority: string): Promise<boolean> {
  return new Promise(answer => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority });
    socket.once('secureConnect', () => answer(true)).once('error', () => answer(false));
    socket.once('secureConnect', () => socket.destroy());
  });
}
