/** Names of the tasks that every thread registers (tasks.ts has the functions). */
export const TASK = {
  search: 'search',
  match: 'match',
  indexCreate: 'index.create',
  indexAppend: 'index.append',
  indexResize: 'index.resize',
  indexSave: 'index.save',
  indexLoad: 'index.load',
  indexDrop: 'index.drop',
} as const;
