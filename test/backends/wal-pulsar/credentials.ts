import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../scripts/servers/commands.ts';

export interface Certificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority and, signed by it, a certificate for 127.0.0.1, as files of `folder`. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Promise<string> => run('openssl', args, { folder });
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n');
  const newKey = ['-newkey', 'rsa:2048', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '30',
    '-subj',
    '/CN=test CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  await openssl('req', ...newKey, '-subj', '/CN=127.0.0.1', '-keyout', 'server.key', '-out', 'server.csr');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem');
  return { caFile: at('ca.pem'), certFile: at('server.pem'), keyFile: at('server.key') };
}

/** Makes tokens for users: JSON Web Tokens (RFC 7519) signed with a secret that the broker knows. */
export class Tokens {
  readonly secret = randomBytes(32);

  for(user: string): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const content = `${part({ alg: 'HS256' })}.${part({ sub: user })}`;
    return `${content}.${createHmac('sha256', this.secret).update(content).digest('base64url')}`;
  }
}
