import { fileURLToPath } from 'node:url';

export type ServerName = 'etcd' | 'azurite' | 'kafka' | 'pulsar' | 'versitygw' | 'minio';

/** How a real server gets onto this machine. */
export interface ServerDefinition {
  readonly name: ServerName;
  /** The pinned version, as its publisher writes it. */
  readonly version: string;
  /** Files that lock what gets installed; a change of them installs again. */
  readonly lockFiles?: readonly URL[];
  /** Commands on the path without which it cannot run. */
  readonly runsWith?: readonly string[];
  /** Puts the server into the empty `folder`, from package registries only. Rejects with what the installer wrote. */
  install(folder: string): Promise<void>;
}

/** Where servers are installed and keep their data: out of git, and on a disk with extended attributes. */
export const SERVERS_FOLDER = fileURLToPath(new URL('../../.servers/', import.meta.url));

export function folderOf(name: ServerName): string {
  return `${SERVERS_FOLDER}${name}`;
}
