/** Processes that a test has started. */
import type { ChildProcess } from 'node:child_process';

/** However this process ends, the child doesn't outlive it. */
export function endWithUs(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}
