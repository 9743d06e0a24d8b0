export type KitPort = 'meta' | 'wal' | 'objectStore' | 'index';

/** A promise of a port, and the cases that ask for it; a case belongs to the first whose pattern fits its name. */
type Promises = readonly (readonly [cases: RegExp, promise: string])[];

const CREATE: Promises[number] = [/^create:/, 'create opens a store from the options, and close closes it'];

const META: Promises = [
  CREATE,
  [/^bounds:/, 'the bounds of the port hold: beyond them Invalid, and nothing changes'],
  [/^closed:|^watch: the store closes/, 'after close every call is Closed, and calls in flight are answered'],
  [/^lease:|leases are gone|lease of one store/, '3. a lease that ends deletes its keys, and only those'],
  [
    /^watch:|a watch of one store/,
    '4. a watch sees changes of its prefix, those of one key in order, or a resync',
  ],
  [
    /^race:|one compare of many|ten keys|compare/,
    '2. a txn applies all its operations if every compare holds, else none',
  ],
  [/^reopen:|^kill -9/, '1. a returned write is durable, and no txn is half there'],
  [/^linearizable:|^processes:/, '1. get, range and txn act on the latest state'],
  [
    /^range:/,
    'range gives each entry with the prefix once, in the order of UTF-8 bytes, after afterKey, up to limit',
  ],
  [/the caller changes/, 'bytes are copied: neither what was given nor what was got reaches into the store'],
  [/^txn:.*revision|^txn: deleting and/, 'a revision rises with every change and is not used again'],
  [/^get:|^txn:|^model:/, 'get, range and txn do what the port says, command after command'],
];

const OBJECT_STORE: Promises = [
  CREATE,
  [/^closed:/, 'after close every call is Closed, and calls in flight are answered'],
  [
    /^keys:/,
    'keys, prefixes and limits that break the rules are Invalid and change nothing; all others are taken',
  ],
  [
    /^processes: several/,
    '2, 3. across processes putIfAbsent has one winner, and putIfMatch replaces what it names or fails',
  ],
  [/putIfAbsent/, '2. putIfAbsent has exactly one winner among racers, across processes'],
  [
    /putIfMatch|another version|no version comes twice/,
    '3. a version names one content of one key: putIfMatch replaces that or fails',
  ],
  [/^reopen:|^kill -9|^crash:/, '1. a returned put is durable, and a half-written object is never seen'],
  [/^race:|^processes:/, '1. a returned put is visible to every reader at once, and whole'],
  [/^list:/, 'list gives each key with the prefix once, in byte order, after afterKey, up to limit'],
  [/^getRange:/, 'getRange reads exactly the bytes asked for, or fails'],
  [
    /a view into|the caller uses/,
    'bytes are copied: neither what was given nor what was got reaches into the store',
  ],
  [/NotFound|^delete:/, 'what is absent is NotFound, and deleting it succeeds'],
  [
    /^put:|^large:|^model:/,
    'put, get, getRange, list and delete do what the port says, command after command',
  ],
];

const WAL: Promises = [
  CREATE,
  [
    /^fault: (a flipped bit|each sync)|^crash:|^kill -9/,
    'I1, I3, I8. what was acknowledged or read stays, with its bytes; an append happened whole or not at all',
  ],
  [
    /^fault: a failed sync/,
    'I5, I8. an acknowledgement means durable; where the outcome is not known it is Unknown',
  ],
  [/^fault: short writes/, 'I8. an append happens whole or not at all'],
  [/^fault: no space/, 'I12. no space is Exhausted, and nothing happened'],
  [/^race:|Fenced|terms without records/, 'I4. a later term fences every earlier one'],
  [
    /^history:|^model:/,
    'I1 to I9. the invariants hold together, under appends, reads, take-overs and truncation',
  ],
  [
    /^records come back|view on a larger|channels are separate|memory of the record/,
    'I1. an acknowledged record is readable with the same bytes',
  ],
  [/^many appends/, 'I5. acknowledgements come in position order'],
  [/truncat/, 'I6, I9. truncate removes nothing after upTo, never goes back, and no position is used again'],
  [
    /suffix|^positions hold/,
    'I7. read from a position gives the exact suffix; a position survives being stored',
  ],
  [
    /never opened|left early|^info names/,
    'I10. reading and asking have no effect, and info says what is readable',
  ],
  [/recordBytesMax/, 'I12. size limits are typed errors'],
  [/refuse|Closed|signal fired|comes to an end/, 'I11. every call ends: result, typed error, or abort'],
  [/^a read ends|^tail/, 'I2. readers see a prefix, without gaps, in order'],
];

const INDEX: Promises = [
  [/^exact:/, 'an exact index finds what a scan in plain code finds'],
  [
    /^recall:|^real data:|equal rows among/,
    'search finds the nearest rows: recall, with and without filters, never fewer than k when k exist',
  ],
  [/^growth: saved/, 'save and load: the same answers, and damage is Corrupt'],
  [/^growth:/, 'append goes on where it stopped, and every indexed row is found'],
  [/^odd:/, 'odd input is answered with finite scores or Invalid'],
  [/^threads:/, 'the threads that the capabilities name may use the index at once'],
];

const PROMISES: Readonly<Record<KitPort, Promises>> = {
  meta: META,
  wal: WAL,
  objectStore: OBJECT_STORE,
  index: INDEX,
};

/** The promise of the port that a case of its kit asks for; undefined for a case of another kit. */
export function promiseOf(port: KitPort, caseName: string): string | undefined {
  return PROMISES[port].find(([cases]) => cases.test(caseName))?.[1];
}
