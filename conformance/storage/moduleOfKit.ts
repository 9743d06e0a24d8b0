/**
 * URL of a module of the kits that is loaded by its path, in a child process or a thread: `<path>.ts` below conformance/storage,
 * in the package `dist/conformance/storage/<path>.js`. Bundled chunks may lie at any depth below `conformance/`.
 */
export function moduleOfKit(path: string): URL {
  const [, root, suffix] = /^(.*\/conformance\/).*(\.[jt]s)$/.exec(import.meta.url)!;
  return new URL(`storage/${path}${suffix}`, root);
}
