/**
 * Headers of every answer, refused handshakes included. What this server says is data: no browser should run it, frame it,
 * guess its type, keep it, or let another origin's page have it (CORS, where it is allowed, still lets such a page read).
 */
import type { MiddlewareHandler } from 'hono';

export const guardingHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

/** Before the routes: each may say otherwise of its own answer. */
export function guard(): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(guardingHeaders)) context.header(name, value);
    await next();
  };
}
