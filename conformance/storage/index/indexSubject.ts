/** The plugin under test. */
export interface IndexSubject {
  readonly name: string;
  readonly workerModule: string;
  readonly config: Readonly<Record<string, unknown>>;
}
