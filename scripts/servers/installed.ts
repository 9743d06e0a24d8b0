import { SERVERS } from './all.ts';
import type { ServerName } from './definition.ts';
import { whyNotRunnable } from './stamp.ts';

/** Why `name` cannot be started here, or undefined when it can. */
export function notInstalled(name: ServerName): string | undefined {
  return whyNotRunnable(SERVERS.find((server) => server.name === name)!);
}
