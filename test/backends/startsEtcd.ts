/** Starts a server, prints its port and waits to be killed. */
import { startEtcd } from '../../scripts/servers/etcd.ts';

const { port } = await startEtcd();
console.log(port);
setInterval(() => undefined, 60_000);
