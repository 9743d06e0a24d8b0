/** Writes docs/elanus.schema.json, the JSON Schema of elanus.yaml. `--check` fails when it is not up to date instead. */
import { readFileSync, writeFileSync } from 'node:fs';
import { configJsonSchema } from '../src/server/config/jsonSchema.ts';

const TARGET = new URL('../docs/elanus.schema.json', import.meta.url);

const text = `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, text);
} else if (readFileSync(TARGET, 'utf8') !== text) {
  console.error(
    'docs/elanus.schema.json is not what src/server/config/schema.ts says; run: npm run generate',
  );
  process.exitCode = 1;
}
