import { expect, test } from 'vitest';
import { objectS3ConfigSchema } from '../../../../src/plugins/object-s3/config.ts';

const GOOD: readonly Readonly<Record<string, unknown>>[] = [
  { bucket: 'b' },
  { bucket: 'b', prefix: 'a/b.c', endpoint: 'https://host:9000', region: 'eu-west-1', pathStyle: false },
  { bucket: 'b', accessKeyId: 'a', secretAccessKey: 's' },
  { bucket: 'b', accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' },
];

const BAD: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { bucket: '' },
  { bucket: 'b', prefix: '/a' },
  { bucket: 'b', prefix: 'a/' },
  { bucket: 'b', prefix: 'a b' },
  { bucket: 'b', endpoint: 'ftp://host' },
  { bucket: 'b', endpoint: 'http://user:password@host' },
  { bucket: 'b', endpoint: 'http://host?token=x' },
  { bucket: 'b', accessKeyId: 'a' },
  { bucket: 'b', secretAccessKey: 's' },
  { bucket: 'b', sessionToken: 't' },
  { bucket: 'b', partBytes: 1024 },
  { bucket: 'b', retries: 3 },
];

test('options: what fits is taken', () => {
  for (const options of GOOD) expect(objectS3ConfigSchema.parse(options)).toMatchObject(options);
});

test('options: what does not fit is refused', () => {
  for (const options of BAD) {
    expect(objectS3ConfigSchema.safeParse(options).success, JSON.stringify(options)).toBe(false);
  }
});
