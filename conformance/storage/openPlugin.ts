import { type AnyStore, type CasePlace, openAt } from './caseStore.ts';

/** What a child process of a plugin's kit loads. `location`: a CasePlace as JSON. */
export async function openStore(location: string): Promise<AnyStore> {
  return (await openAt(JSON.parse(location) as CasePlace)).store;
}
