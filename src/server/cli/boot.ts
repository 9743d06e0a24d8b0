import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { limitMemory } from './memoryLimits.ts';

limitMemory(fileURLToPath(new URL('../../elanus.js', import.meta.url)));

// V8's compiled code, kept beside the bundle: three quarters of the start-up time. Where that folder cannot be written Node
// goes on without it, and NODE_COMPILE_CACHE names another one.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  enableCompileCache(fileURLToPath(new URL('../../compile-cache', import.meta.url)));
}

const { runCommandLine } = await import('./main.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
