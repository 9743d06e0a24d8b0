import { expect, test } from 'vitest';
import { idsOf, makeRecord } from '../../conformance/storage/wal/records.ts';
import { withServer } from './backend.ts';
import { PASSWORD, type SecureBroker, startSecureKafka, USERNAME } from './wal-kafka/secureBroker.ts';
import { type Options, openWal, optionsFor } from './wal-kafka/subject.ts';

/** A broker asks for a new login after so long. */
const LOGIN_MS = 1_500;

let broker: SecureBroker;
withServer(
  'kafka',
  () => {
    const login = { mechanism: 'plain', username: USERNAME, password: PASSWORD };

    function optionsWith(more: Options): Options {
      return optionsFor(broker.port, {
        tls: { ca: broker.caFile },
        sasl: login,
        callTimeoutMs: 5000,
        ...more,
      });
    }

    test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
      'a log over TLS with a login by %s',
      async (mechanism) => {
        const wal = await openWal(optionsWith({ sasl: { ...login, mechanism } }));
        const writer = await wal.open('a', 1);
        await Promise.all([1, 2, 3].map((id) => writer.append(makeRecord(id, 5000))));
        expect(await idsOf(wal, 'a')).toEqual([1, 2, 3]);
        await wal.close();
      },
    );

    test('appends go on over the ends of logins', async () => {
      const wal = await openWal(optionsWith({}));
      const writer = await wal.open('a', 1);
      const ids: number[] = [];
      for (const endMs = performance.now() + 3 * LOGIN_MS; performance.now() < endMs; ) {
        const id = ids.length + 1;
        await writer.append(makeRecord(id, 100));
        ids.push(id);
      }
      expect(await idsOf(wal, 'a')).toEqual(ids);
      await wal.close();
    });

    test.each([
      [
        'a wrong password',
        { sasl: { ...login, password: 'wrong-secret' } },
        /AUTHENTICATION_FAILED|authentication/i,
      ],
      ['a certificate of nobody known', { tls: {} }, /self-signed certificate/],
      ['no login', { sasl: undefined }, /./],
      ['no TLS', { tls: undefined }, /./],
    ])('%s is Unavailable, says why and no secret', async (_name, more, words) => {
      const opening = openWal(optionsWith({ ...more, callTimeoutMs: 1500, requestTimeoutMs: 1000 }));
      await expect(opening).rejects.toMatchObject({
        kind: 'Unavailable',
        message: expect.stringMatching(words),
      });
      await expect(opening).rejects.not.toThrow(/secret/);
    });
  },
  async () => {
    broker = await startSecureKafka(LOGIN_MS);
    return broker;
  },
);
