import { Etcd3 } from 'etcd3';
import { folderOf } from '../../../scripts/servers/definition.ts';
import { etcd } from '../../../scripts/servers/etcd.ts';
import { answers, freePort } from '../../../scripts/servers/ready.ts';
import { type BackendServer, startServer } from '../../../scripts/servers/running.ts';

/** Three members of one cluster on the loopback; ready when they have a leader. */
export async function startMembers(): Promise<readonly BackendServer[]> {
  const plans = await Promise.all(
    ['n1', 'n2', 'n3'].map(async (name) => ({ name, port: await freePort(), peerPort: await freePort() })),
  );
  const cluster = plans.map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`).join(',');
  const started = await Promise.allSettled(
    plans.map(({ name, port, peerPort }) =>
      startServer(etcd, async (folder) => ({
        port,
        command: `${folderOf('etcd')}/etcd`,
        args: [
          ...['--name', name, '--data-dir', `${folder}/data`, '--log-level', 'warn'],
          ...['--listen-client-urls', `http://127.0.0.1:${port}`],
          ...['--advertise-client-urls', `http://127.0.0.1:${port}`],
          ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
          ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
          ...['--initial-cluster', cluster],
        ],
        isReady: () => answers(port, '/health', '"health":"true"'),
      })),
    ),
  );
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (members.length === plans.length) return members;
  await Promise.all(members.map((member) => member.dispose()));
  throw started.find((one) => one.status === 'rejected')!.reason;
}

/** The one that leads now, as it says itself. */
export async function leaderOf(members: readonly BackendServer[]): Promise<BackendServer> {
  for (;;) {
    for (const member of members) if (await leads(member.port)) return member;
  }
}

async function leads(port: number): Promise<boolean> {
  const client = bareClient(port);
  try {
    const { header, leader } = await client.maintenance.status();
    return header.member_id === leader;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/** A client to look behind the adapter with. */
export function bareClient(
  port: number,
  auth?: { readonly username: string; readonly password: string },
): Etcd3 {
  const deadline = () => ({ deadline: Date.now() + 2_000 });
  return new Etcd3({
    hosts: `http://127.0.0.1:${port}`,
    defaultCallOptions: deadline,
    ...(auth && { auth }),
  });
}
