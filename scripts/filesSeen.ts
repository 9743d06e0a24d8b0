/** A reporter of knip beside its own: says how many files it looked at, and fails when there was none. */
export default function filesSeen({ counters }: { readonly counters: { readonly processed: number } }): void {
  if (counters.processed === 0) throw new Error('knip looked at no file');
  console.log(`knip looked at ${counters.processed} files`);
}
