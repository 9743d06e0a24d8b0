/** `npm start -- <options>`: builds if need be, then serves with these options. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isUpToDate } from './build.ts';

// In a process of its own: the compilers would take 100 MB for as long as the server runs.
if (!isUpToDate()) {
  const script = fileURLToPath(new URL('build.ts', import.meta.url));
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}
await import(new URL('../dist/elanus.js', import.meta.url).href);
