/**
 * Loads 3,000 Debian packages into Elanus and asks for some that are alike: node examples/packages.ts
 * Needs a running server (npm start), Node 22.18 or newer, and @zilliz/milvus2-sdk-node. MILVUS_URI names another address.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ConsistencyLevelEnum, DataType, MilvusClient, type ResStatus } from '@zilliz/milvus2-sdk-node';

const DATA = new URL('./data/', import.meta.url);
const COLLECTION = 'packages';
const DIM = 384;
const BATCH = 500;

interface Package {
  id: number;
  name: string;
  section: string;
  arch: string;
  priority: string;
  size: number;
  installed_kb: number;
  tags: string[];
}

/** What is asked for: packages that are not in the collection, with a filter, and what it means. */
const QUESTIONS: readonly (readonly [name: string, filter: string, title: string])[] = [
  ['inkscape', '', 'Like inkscape'],
  ['supertux', 'section == "games" and installed_kb < 20000', 'Games like supertux of less than 20 MB'],
  ['git', 'not (name like "git%")', 'Like git, but called otherwise'],
  ['wireshark', 'array_contains(tags, "interface::commandline")', 'Like wireshark, for the command line'],
  ['python3-numpy', 'section in ["gnu-r", "math"]', 'Like numpy, but for R or mathematicians'],
  [
    'nethack-console',
    '1000 < size < 1000000 and array_length(tags) > 3',
    'Like nethack, small and well described',
  ],
];

/** Vectors of DIM float16 numbers as numpy saved them. */
function readVectors(name: string): number[][] {
  const file = readFileSync(new URL(name, DATA));
  const start = 10 + file.readUInt16LE(8);
  const count = (file.length - start) / (2 * DIM);
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: DIM }, (_, i) => halfToNumber(file.readUInt16LE(start + 2 * (row * DIM + i)))),
  );
}

function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** The SDK returns a status instead of throwing. */
function check<T extends ResStatus | { status: ResStatus }>(reply: T): T {
  const { error_code, reason } = 'status' in reply ? (reply.status as ResStatus) : (reply as ResStatus);
  if (error_code !== 'Success') throw new Error(reason);
  return reply;
}

async function load(client: MilvusClient): Promise<void> {
  const lines = gunzipSync(readFileSync(new URL('packages.jsonl.gz', DATA)))
    .toString('utf8')
    .trim()
    .split('\n');
  const rows = lines.map((line) => JSON.parse(line) as Package);
  const vectors = readVectors('packages.f16.npy');

  check(await client.dropCollection({ collection_name: COLLECTION }));
  check(
    await client.createCollection({
      collection_name: COLLECTION,
      fields: [
        { name: 'id', data_type: DataType.Int64, is_primary_key: true },
        { name: 'name', data_type: DataType.VarChar, max_length: 100 },
        { name: 'section', data_type: DataType.VarChar, max_length: 50 },
        { name: 'arch', data_type: DataType.VarChar, max_length: 10 },
        { name: 'priority', data_type: DataType.VarChar, max_length: 20 },
        { name: 'size', data_type: DataType.Int64 },
        { name: 'installed_kb', data_type: DataType.Int64 },
        {
          name: 'tags',
          data_type: DataType.Array,
          element_type: DataType.VarChar,
          max_capacity: 100,
          max_length: 100,
        },
        { name: 'vector', data_type: DataType.FloatVector, dim: DIM },
      ],
      index_params: {
        field_name: 'vector',
        index_type: 'HNSW',
        metric_type: 'COSINE',
        params: { M: 16, efConstruction: 200 },
      },
      consistency_level: 'Strong',
    }),
  );
  check(await client.loadCollectionSync({ collection_name: COLLECTION }));
  for (let first = 0; first < rows.length; first += BATCH) {
    const data = rows.slice(first, first + BATCH).map((row) => ({ ...row, vector: vectors[row.id]! }));
    check(await client.insert({ collection_name: COLLECTION, data }));
  }
  await client.flushSync({ collection_names: [COLLECTION] });
}

async function ask(client: MilvusClient, vector: number[], filter: string) {
  const reply = await client.search({
    collection_name: COLLECTION,
    data: vector,
    filter,
    limit: 5,
    output_fields: ['name', 'section', 'installed_kb'],
    params: { ef: 64 },
    consistency_level: ConsistencyLevelEnum.Strong,
  });
  return check(reply).results as unknown as (Record<string, string> & { score: number })[];
}

const address = (process.env.MILVUS_URI ?? 'http://127.0.0.1:19530').replace(/^https?:\/\//, '');
const client = new MilvusClient({ address });
await client.connectPromise;
await load(client);
const { data: count } = check(await client.count({ collection_name: COLLECTION }));
console.log(`${count} packages loaded`);

const queries = JSON.parse(readFileSync(new URL('queries.json', DATA), 'utf8')) as { name: string }[];
const vectors = readVectors('queries.f16.npy');
for (const [name, filter, title] of QUESTIONS) {
  console.log(`\n${title}:  ${filter}`.trimEnd());
  for (const hit of await ask(client, vectors[queries.findIndex((query) => query.name === name)]!, filter)) {
    const row = `${hit.name!.padEnd(34)}${hit.section!.padEnd(12)}${hit.installed_kb!.padStart(7)} kB`;
    console.log(`  ${hit.score.toFixed(3)}  ${row}`);
  }
}

const { data: big } = check(
  await client.query({
    collection_name: COLLECTION,
    filter: 'installed_kb > 400000',
    output_fields: ['name', 'installed_kb'],
  }),
);
console.log('\nThe largest:');
for (const row of big.sort((a, b) => Number(b.installed_kb) - Number(a.installed_kb)).slice(0, 3)) {
  console.log(`  ${row.name.padEnd(41)}${row.installed_kb.padStart(12)} kB`);
}
await client.closeConnection();
