export interface ObjectSqliteConfig {
  /** The file; its folder must exist. */
  readonly path: string;
}

/** Anything with `parse` is a schema; larger plugins take zod. */
export const configSchema = {
  parse(input: unknown): ObjectSqliteConfig {
    const { path, ...others } = input as Record<string, unknown>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError(`there is no option ${unknown}`);
    if (typeof path !== 'string' || path === '') throw new TypeError('path must name a file');
    return { path };
  },
};
