import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { onPath } from './commands.ts';
import { folderOf, type ServerDefinition } from './definition.ts';

/** Why `server` cannot be started here, or undefined when it can. */
export function whyNotRunnable(server: ServerDefinition): string | undefined {
  const { name, version, runsWith = [] } = server;
  if (!isStamped(server)) return `${name} ${version} is not installed (npm run servers -- ${name})`;
  const missing = runsWith.filter((command) => !onPath(command));
  return missing.length === 0 ? undefined : `${name} needs ${missing.join(' and ')} on the path`;
}

/** Whether the install of `server` finished, with the pins of today. */
export function isStamped(server: ServerDefinition): boolean {
  const stamp = stampOf(server);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === pinsOf(server);
}

export function writeStamp(server: ServerDefinition): void {
  writeFileSync(stampOf(server), pinsOf(server));
}

function stampOf({ name }: ServerDefinition): string {
  return `${folderOf(name)}/pins`;
}

function pinsOf({ name, version, lockFiles = [] }: ServerDefinition): string {
  return [`${name} ${version}\n`, ...lockFiles.map((file) => readFileSync(file, 'utf8'))].join('');
}
