import { vectorIndexConformance } from '../../../conformance/storage/index/kit.ts';
import { SCAN_CAPABILITIES } from '../../../src/server/cli/plugin/scanIndex.ts';
import type { Edit } from '../mutants.ts';
import { type MutationRow, mutantRow } from './row.ts';

const EDITS: Readonly<Record<string, Edit>> = {
  'the filter': { find: 'if (!this.#isAllowed(vectors, request, row)) continue;', replacement: '' },
  'the row limit': { find: 'row < request.rowsLimit;', replacement: 'row < vectors.rows;' },
  'the end of float32': { find: 'const found = finite(', replacement: 'const found = Math.fround(' },
  'refusing what does not fit': { find: '    check(vectors, request);\n', replacement: '' },
};

function row(lacks: string, change: Edit | undefined): MutationRow {
  return mutantRow({
    port: 'index',
    adapter: 'scan (plugin new)',
    lacks,
    change,
    folder: 'src/server/cli/plugin',
    async casesOf(mutant) {
      const subject = { name: 'scan', workerModule: mutant.url('scanIndex.ts'), config: {} };
      return vectorIndexConformance(subject, { capabilities: SCAN_CAPABILITIES });
    },
  });
}

export const INDEX_ROWS = Object.entries(EDITS).map(([lacks, edit]) => row(lacks, edit));
export const INDEX_WHOLE = [row('nothing', undefined)];
