/** `npm start -- <options>`: builds if need be, then serves with these options, in this one process. */
import { build } from './build.ts';

await build(false);
await import(new URL('../dist/elanus.js', import.meta.url).href);
