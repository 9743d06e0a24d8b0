import { expect, test } from 'vitest';
import deviationTable from '../../../proto/deviations.json' with { type: 'json' };
import {
  ClientTelemetryServiceService,
  MilvusServiceService,
  ProxyServiceService,
} from '../../../src/gen/milvus/milvus.ts';
import { ourFacts, type ProtoFacts } from './protoFacts.ts';
import wireFacts from './wireFacts.json' with { type: 'json' };

interface Deviation {
  readonly wire: string;
  readonly ours: string;
  readonly why: string;
}

const wire: ProtoFacts = wireFacts as unknown as ProtoFacts;
const deviations: Readonly<Record<string, Deviation>> = deviationTable.fields;
const ours = ourFacts();

/** The fact that our files must have for a fact of the wire. A deviation that does not fit changes nothing. */
function expected(name: string, fact: string): string {
  const deviation = deviations[name];
  if (deviation === undefined || !fact.endsWith(` ${deviation.wire}`)) return fact;
  return fact.slice(0, -deviation.wire.length) + deviation.ours;
}

test('descriptors: there is something to compare', () => {
  for (const facts of [wire, ours]) {
    expect(Object.keys(facts.messages).length).toBeGreaterThan(400);
    expect(Object.keys(facts.enums).length).toBeGreaterThan(30);
    expect(Object.keys(facts.rpcs).length).toBeGreaterThan(140);
  }
});

test('descriptors: messages, fields, numbers and types are those of the wire, deviations apart', () => {
  const wanted: ProtoFacts['messages'] = {};
  for (const [message, fields] of Object.entries(wire.messages)) {
    wanted[message] = Object.fromEntries(
      Object.entries(fields).map(([field, fact]) => [field, expected(`${message}.${field}`, fact)]),
    );
  }
  expect(ours.messages).toEqual(wanted);
});

test('descriptors: enums are those of the wire', () => {
  expect(ours.enums).toEqual(wire.enums);
});

test('descriptors: services and RPCs are those of the wire', () => {
  expect(ours.rpcs).toEqual(wire.rpcs);
});

test('descriptors: each deviation is one of the wire, and looks the same on it', () => {
  expect(Object.keys(deviations).length).toBeGreaterThan(0);
  for (const [name, deviation] of Object.entries(deviations)) {
    const message = name.slice(0, name.lastIndexOf('.'));
    const fact = wire.messages[message]?.[name.slice(message.length + 1)];
    expect(fact?.endsWith(` ${deviation.wire}`), name).toBe(true);
    const isPacked = /^repeated (bool|int32|int64|uint32|uint64|float|double)$/.test(deviation.wire);
    const isMessage = /^(repeated )?schema\.\w+$/.test(deviation.wire);
    expect(isPacked || isMessage, name).toBe(true);
    const oneAfterAnother = isMessage && deviation.wire.startsWith('repeated ');
    expect(deviation.ours, name).toBe(oneAfterAnother ? 'repeated bytes' : 'bytes');
    expect(deviation.why, name).not.toBe('');
  }
});

test('descriptors: the generated services have every path', () => {
  const services = { ...MilvusServiceService, ...ClientTelemetryServiceService };
  const paths = [...Object.values(services), ...Object.values(ProxyServiceService)].map(({ path }) => path);
  expect(paths.sort()).toEqual(
    Object.keys(wire.rpcs)
      .map((rpc) => `/milvus.proto.${rpc}`)
      .sort(),
  );
});
