/**
 * Makes examples/data from the whole set of packages in ../shared/data: `node scripts/sample.ts`. About 3,000 packages with their
 * vectors, and queries by packages that are not among them, with the exact answers. No summaries: they are other people's words.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const FROM = fileURLToPath(new URL('../../shared/data/', import.meta.url));
const TO = fileURLToPath(new URL('../examples/data/', import.meta.url));
const DIM = 384;
const ROWS = 3_000;
const NEIGHBOURS = 60;
const K = 10;
const ASKED =
  'inkscape firefox-esr vim postgresql nginx blender wireshark python3-numpy libreoffice-writer git supertux nethack-console ' +
  'gnuplot redis-server tmux thunderbird ffmpeg musescore kstars gnupg borgbackup freecad samtools docker.io';

interface Package {
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly arch: string;
  readonly priority: string;
  readonly size: number;
  readonly installed_kb: number;
  readonly tags: readonly string[];
}

/** The filters that answers are worked out for, as text and as what they mean. */
const FILTERS: readonly (readonly [string, (row: Package) => boolean])[] = [
  ['', () => true],
  ['section == "games"', (row) => row.section === 'games'],
  ['installed_kb < 1000', (row) => row.installed_kb < 1_000],
  ['array_contains(tags, "interface::commandline")', (row) => row.tags.includes('interface::commandline')],
  [
    'section in ["doc", "fonts"] and size >= 1000000',
    (row) => ['doc', 'fonts'].includes(row.section) && row.size >= 1_000_000,
  ],
];

/** A vector set as it lies in an .npy file: `halves` are the bits of float16 numbers. */
interface Vectors {
  readonly halves: Uint16Array;
  readonly values: Float64Array;
}

function readVectors(path: string): Vectors {
  const file = readFileSync(path);
  const start = 10 + file.readUInt16LE(8);
  const halves = new Uint16Array(Uint8Array.from(file.subarray(start)).buffer);
  return { halves, values: Float64Array.from(halves, halfToNumber) };
}

function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

function npy(vectors: Vectors, rows: readonly number[]): Buffer {
  const text = `{'descr': '<f2', 'fortran_order': False, 'shape': (${rows.length}, ${DIM}), }`;
  const header = Buffer.from(`${text.padEnd(128 - 10 - 1)}\n`, 'latin1');
  const head = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1'), header]);
  head.writeUInt16LE(header.length, 8);
  const picked = rows.map((row) => Buffer.from(vectors.halves.slice(row * DIM, (row + 1) * DIM).buffer));
  return Buffer.concat([head, ...picked]);
}

function cosine({ values }: Vectors, a: number, b: number): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < DIM; i++) {
    const x = values[a * DIM + i]!;
    const y = values[b * DIM + i]!;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The `count` rows among `candidates` that are most like `row`, best first. */
function nearest(vectors: Vectors, row: number, candidates: readonly number[], count: number) {
  const scored = candidates.map((other) => ({ row: other, score: cosine(vectors, row, other) }));
  return scored.sort((a, b) => b.score - a.score || a.row - b.row).slice(0, count);
}

/** The neighbours of everything that is asked for, and every n-th of the others until there are enough. */
function choose(vectors: Vectors, total: number, asked: readonly number[]): number[] {
  const others = Array.from({ length: total }, (_, i) => i).filter((row) => !asked.includes(row));
  const chosen = new Set(
    asked.flatMap((row) => nearest(vectors, row, others, NEIGHBOURS).map((found) => found.row)),
  );
  const rest = others.filter((row) => !chosen.has(row));
  const missing = ROWS - chosen.size;
  for (let i = 0; i < missing; i++) chosen.add(rest[Math.floor((i * rest.length) / missing)]!);
  return [...chosen].sort((a, b) => a - b);
}

const lines = gunzipSync(readFileSync(`${FROM}packages.jsonl.gz`))
  .toString('utf8')
  .trim()
  .split('\n');
const packages = lines.map((line) => JSON.parse(line) as Package);
const vectors = readVectors(`${FROM}packages.f16.npy`);
const asked = ASKED.split(' ').map((name) => packages.findIndex((one) => one.name === name));
if (asked.includes(-1)) throw new Error(`a package that is asked for is not in ${FROM}`);

const rows = choose(vectors, packages.length, asked);
const idOf = new Map(rows.map((row, id) => [row, id] as const));
const sample = rows.map((row, id): Package => {
  const { name, section, arch, priority, size, installed_kb, tags } = packages[row]!;
  return { id, name, section, arch, priority, size, installed_kb, tags };
});
const queries = asked.map((row) => ({
  name: packages[row]!.name,
  answers: FILTERS.map(([filter, fits]) => {
    const allowed = rows.filter((candidate) => fits(packages[candidate]!));
    const best = nearest(vectors, row, allowed, K);
    return {
      filter,
      count: allowed.length,
      ids: best.map((found) => idOf.get(found.row)!),
      scores: best.map(({ score }) => Number(score.toFixed(6))),
    };
  }),
}));

mkdirSync(TO, { recursive: true });
writeFileSync(`${TO}packages.f16.npy`, npy(vectors, rows));
writeFileSync(`${TO}queries.f16.npy`, npy(vectors, asked));
writeFileSync(`${TO}packages.jsonl.gz`, gzipSync(sample.map((row) => `${JSON.stringify(row)}\n`).join('')));
writeFileSync(`${TO}queries.json`, `[\n${queries.map((query) => JSON.stringify(query)).join(',\n')}\n]\n`);
console.log(`${sample.length} packages and ${queries.length} queries in ${TO}`);
