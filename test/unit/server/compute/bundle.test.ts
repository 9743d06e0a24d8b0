import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { buildKernels } from '../../../../scripts/buildKernels.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

test('bundled, the pool finds its worker, the plugins and the kernels, and errors keep their kind', async () => {
  await buildKernels(false);
  const directory = mkdtempSync(join(tmpdir(), 'elanus-bundle-'));
  try {
    const outdir = join(directory, 'dist');
    await build({
      absWorkingDir: ROOT,
      entryPoints: {
        main: 'test/unit/server/compute/bundleMain.ts',
        'test/tasks': 'conformance/storage/index/tasks.ts',
        'server/compute/worker': 'src/server/compute/worker.ts',
        'plugins/index-hnsw/worker': 'src/plugins/index-hnsw/worker.ts',
      },
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
    });
    cpSync(join(ROOT, 'dist/kernels'), join(outdir, 'kernels'), { recursive: true });
    const tasks = pathToFileURL(join(outdir, 'test/tasks.js')).href;
    const output = execFileSync(process.execPath, [join(outdir, 'main.js'), tasks], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({ best: 77, kind: 'Invalid' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
