import { describe, vi } from 'vitest';
import { registerCases } from '../../conformance/storage/vitestBinding.ts';
import { walConformance } from '../../conformance/storage/wal/kit.ts';
import { withServer } from './backend.ts';
import { pulsarFactory, transportsHere } from './wal-pulsar/subject.ts';

/** A broker needs 5 to 20 s to start. */
vi.setConfig({ testTimeout: 300_000 });

const transports = await transportsHere();

withServer('pulsar', (server) => {
  for (const transport of transports) {
    const name = `Wal: pulsar, ${transport}`;
    registerCases(name, walConformance(pulsarFactory(transport, server), { seeds: 3 }));
    const crashing = walConformance(pulsarFactory(transport, server, true), { seeds: 1 });
    describe(`${name}, broker killed`, () => {
      registerCases(
        name,
        crashing.filter((each) => each.name.startsWith('crash:')),
      );
    });
  }
});
