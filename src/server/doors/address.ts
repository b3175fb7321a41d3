/** Where a request comes from, as far as that can be known. */
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Whether an address is that of a proxy of ours, whose word on whom it stands for is taken. */
export type IsTrustedProxy = (address: string) => boolean;

/** @param proxies addresses and ranges, like `10.0.0.0/8`. @throws TypeError for one that is neither. */
export function trustProxies(proxies: readonly string[]): IsTrustedProxy {
  const isTrusted = proxyAddr.compile([...proxies]);
  return address => isTrusted(withoutPort(address), 0);
}

/** The host that the client asked for: what a trusted proxy says of it, else the request's own. */
export function requestedHost(request: IncomingMessage, isTrusted: IsTrustedProxy): string | undefined {
  return forwarded(request, 'x-forwarded-host', isTrusted) ?? request.headers.host;
}

/** Whether the client came by `http` or `https`, as a trusted proxy says; undefined where none says anything. */
export function forwardedProtocol(request: IncomingMessage, isTrusted: IsTrustedProxy): string | undefined {
  return forwarded(request, 'x-forwarded-proto', isTrusted)?.toLowerCase();
}

/**
 * Where a proxy adds to what is there (Apache does) rather than setting it, the client wrote what stands before. The last is
 * the nearest proxy's own word; nothing says of those before whose they are.
 */
function forwarded(request: IncomingMessage, name: string, isTrusted: IsTrustedProxy): string | undefined {
  const said = request.headers[name];
  const isBelieved = typeof said === 'string' && isTrusted(request.socket.remoteAddress ?? '');
  return isBelieved ? said.split(',').at(-1)?.trim() : undefined;
}

/** Some proxies name the port as well: `192.0.2.1:49152`, `[2001:db8::1]:49152`. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}

/** What limits by address count by: the nearest address that is not a trusted proxy's. */
export function countedAddress(request: IncomingMessage, isTrusted: IsTrustedProxy): string {
  return networkOf(withoutPort(proxyAddr(request, isTrusted)));
}

/** One customer of IPv6 has at least a network of 64 bits, so these count as one address. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return (parsed as ipaddr.IPv6).parts.slice(0, 4).join(':');
}
