/** Free ports and signs of life, all on 127.0.0.1. */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/** Below the range that the system gives to clients: one that connects to a stopped server would take its port. */
const PORT_MIN = 10_240;
const PORT_END = 32_768;
const CALL_MS_MAX = 1000;

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_END);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: CALL_MS_MAX });
    const answer = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });
}

/** Whether GET `path` answers 200 with a body that `includes` this. `token`: of a user, where the server wants one. */
export async function answers(port: number, path: string, includes = '', token?: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(CALL_MS_MAX),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return (await response.text()).includes(includes) && response.status === 200;
  } catch {
    return false;
  }
}
