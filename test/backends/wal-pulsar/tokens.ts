import { createHmac, randomBytes } from 'node:crypto';

/** Makes tokens for users: JSON Web Tokens (RFC 7519) signed with a secret that the broker knows. */
export class Tokens {
  readonly secret = randomBytes(32);

  for(user: string): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const content = `${part({ alg: 'HS256' })}.${part({ sub: user })}`;
    return `${content}.${createHmac('sha256', this.secret).update(content).digest('base64url')}`;
  }
}
