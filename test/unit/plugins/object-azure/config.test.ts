import { expect, test } from 'vitest';
import { objectAzureConfigSchema } from '../../../../src/plugins/object-azure/config.ts';

const GOOD: readonly Readonly<Record<string, unknown>>[] = [
  { container: 'c', connectionString: 'x' },
  { container: 'c', accountName: 'a' },
  { container: 'c', accountName: 'a', accessKey: 'k', prefix: 'a/b' },
  { container: 'c', endpoint: 'https://host/account', sasToken: 's' },
  { container: 'c', endpoint: 'https://host', accountName: 'a', accessKey: 'k' },
];

const BAD: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { container: 'c' },
  { container: 'c', connectionString: 'x', accountName: 'a' },
  { container: 'c', connectionString: 'x', endpoint: 'https://host' },
  { container: 'c', accountName: 'a', accessKey: 'k', sasToken: 's' },
  { container: 'c', endpoint: 'https://host', accessKey: 'k' },
  { container: 'c', endpoint: 'https://host?sig=secret' },
  { container: 'c', accountName: 'a', prefix: 'a/' },
  { container: 'c', accountName: 'a', retries: 3 },
];

test('options: what fits is taken', () => {
  for (const options of GOOD) expect(objectAzureConfigSchema.parse(options)).toMatchObject(options);
});

test('options: what does not fit is refused', () => {
  for (const options of BAD) {
    expect(objectAzureConfigSchema.safeParse(options).success, JSON.stringify(options)).toBe(false);
  }
});
