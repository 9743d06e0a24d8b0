export interface MetaPostgresConfig {
  /** URL of the database; it may hold a password, and is masked where the configuration is shown. */
  readonly connectionString: string;
  /** PostgreSQL schema of the catalogue, made when it is missing. Default: elanus. */
  readonly schema: string;
  /** Of one statement. Default: 10,000. */
  readonly timeoutMs: number;
}

const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

export const configSchema = {
  parse(input: unknown): MetaPostgresConfig {
    const {
      connectionString,
      schema = 'elanus',
      timeoutMs = 10_000,
      ...others
    } = input as Record<string, unknown>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError(`there is no option ${unknown}`);
    if (typeof connectionString !== 'string')
      throw new TypeError('connectionString must be the URL of a database');
    if (typeof schema !== 'string' || !SCHEMA_NAME.test(schema))
      throw new TypeError(`schema must fit ${SCHEMA_NAME}`);
    if (!Number.isInteger(timeoutMs) || Number(timeoutMs) < 100 || Number(timeoutMs) > 600_000) {
      throw new TypeError('timeoutMs must be an integer in 100..600,000');
    }
    return { connectionString, schema, timeoutMs: Number(timeoutMs) };
  },
};
