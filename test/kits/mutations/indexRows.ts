import { vectorIndexConformance } from '../../../conformance/storage/index/kit.ts';
import { SCAN_CAPABILITIES } from '../../../src/server/cli/plugin/scanIndex.ts';
import { type Edit, makeMutant } from '../mutants.ts';
import { firstFailureOf, type MutationRow } from './row.ts';

const FOLDER = 'src/server/cli/plugin';
const EDITS: Readonly<Record<string, Edit>> = {
  'the filter': { find: 'if (!this.#isAllowed(vectors, request, row)) continue;', replacement: '' },
  'the row limit': { find: 'row < request.rowsLimit;', replacement: 'row < vectors.rows;' },
  'the end of float32': { find: 'const found = finite(', replacement: 'const found = Math.fround(' },
  'refusing what does not fit': { find: '    check(vectors, request);\n', replacement: '' },
};

function row(lacks: string, edit: Edit | undefined): MutationRow {
  return {
    port: 'index',
    adapter: 'scan (plugin new)',
    lacks,
    async firstFailure() {
      const mutant = await makeMutant(FOLDER, edit);
      try {
        const subject = { name: 'scan', workerModule: mutant.url('scanIndex.ts'), config: {} };
        return await firstFailureOf(vectorIndexConformance(subject, { capabilities: SCAN_CAPABILITIES }));
      } finally {
        await mutant.remove();
      }
    },
  };
}

export const INDEX_ROWS = Object.entries(EDITS).map(([lacks, edit]) => row(lacks, edit));
export const INDEX_WHOLE = [row('nothing', undefined)];
