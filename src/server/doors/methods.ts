import type { Env, Hono } from 'hono';
import { OperationError } from '../errors.ts';

/** Another method on this address is refused, and told which there are. To be called after their routes. */
export function refuseOtherMethods<Environment extends Env>(
  app: Hono<Environment>,
  path: string,
  methods: readonly string[],
): void {
  app.all(path, context => {
    context.header('Allow', methods.join(', '));
    throw new OperationError('method_not_allowed');
  });
}
