import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { folderOf } from '../../../scripts/servers/definition.ts';
import { accepts, freePort } from '../../../scripts/servers/ready.ts';
import { type BackendServer, startServer } from '../../../scripts/servers/running.ts';
import { versitygw } from '../../../scripts/servers/versitygw.ts';

/** Over a folder that has one bucket. `options`: more of its command line. */
function startSpecial(
  bucket: string,
  options: (folder: string) => readonly string[],
): Promise<BackendServer> {
  return startServer(versitygw, async (folder) => {
    const port = await freePort();
    mkdirSync(`${folder}/data/${bucket}`, { recursive: true });
    const address = ['--port', `127.0.0.1:${port}`, '--quiet'];
    return {
      port,
      command: `${folderOf('versitygw')}/versitygw`,
      args: [...address, ...options(folder), 'posix', `${folder}/data`],
      env: { ROOT_ACCESS_KEY: 'elanus', ROOT_SECRET_KEY: 'elanus-secret' },
      isReady: () => accepts(port),
    };
  });
}

export function startReadOnly(bucket: string): Promise<BackendServer> {
  return startSpecial(bucket, () => ['--readonly']);
}

/** With a certificate of its own making, whose PEM is `certificate`. */
export async function startTls(
  bucket: string,
): Promise<{ readonly server: BackendServer; readonly certificate: string }> {
  let certificate = '';
  const server = await startSpecial(bucket, (folder) => {
    const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = [
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
    certificate = readFileSync(cert, 'utf8');
    return ['--cert', cert, '--key', key];
  });
  return { server, certificate };
}
