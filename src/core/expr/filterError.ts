import { ElanusError } from '../domain/errors.ts';

/** What the plan is for: Milvus names it in the message. */
export type FilterPurpose = 'query' | 'delete';

const SHOWN_CHARACTERS_MAX = 1_000;

/** Throws what is wrong with a filter at `offset` (UTF-16 units from its start); `parseFilter` puts the frame around it. */
export function failAt(offset: number, what: string): never {
  throw new ElanusError('Invalid', `${what} at column ${offset + 1}`, { subject: 'parameter' });
}

/** As `failAt` for what the language has and this server does not. */
export function unsupportedAt(offset: number, what: string): never {
  throw new ElanusError('Unsupported', `${what} is not supported at column ${offset + 1}`, {
    subject: 'parameter',
  });
}

/** The text of Milvus for a filter that cannot be planned: code 1100 at the wire. */
export function planErrorText(purpose: FilterPurpose, filter: string, what: string): string {
  return `failed to create ${purpose} plan: cannot parse expression: ${shortened(filter)}, error: ${shortened(what)}`;
}

function shortened(text: string): string {
  if (text.length <= SHOWN_CHARACTERS_MAX) return text;
  return `${text.slice(0, SHOWN_CHARACTERS_MAX)}… (${text.length} characters)`;
}

/** `caught` with the frame around its message; its kind stays. */
export function planError(purpose: FilterPurpose, filter: string, caught: unknown): ElanusError {
  const inner = ElanusError.from(caught);
  return new ElanusError(inner.kind, planErrorText(purpose, filter, inner.message), {
    subject: 'parameter',
    cause: caught,
  });
}
