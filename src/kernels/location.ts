/**
 * Where files that are opened at run time lie. One rule, for the source tree and for the bundle: the last `/src/` or
 * `/dist/` of a module's own URL is the place to count from. Bundled chunks may lie at any depth below `dist/`.
 */
const [, ROOT, TREE] = /^(.*\/)(src|dist)\/.*?$/.exec(import.meta.url) ?? [
  '',
  new URL('./', import.meta.url).href,
  'dist',
];

/** `dist/kernels/<name>.wasm`; scripts/buildKernels.ts writes it. */
export function kernelUrl(name: string): URL {
  return new URL(`dist/kernels/${name}.wasm`, ROOT);
}

/** A module by its path below `src/` without suffix: `src/<path>.ts`, in the bundle `dist/<path>.js`. */
export function moduleUrl(path: string): URL {
  return new URL(TREE === 'src' ? `src/${path}.ts` : `dist/${path}.js`, ROOT);
}

/** `dist/templates/<name>`; scripts/buildPackage.ts writes it. */
export function templateUrl(name: string): URL {
  return new URL(`dist/templates/${name}`, ROOT);
}

/** The kits: `conformance/index.ts`, in the bundle `dist/conformance/index.js`. */
export function conformanceUrl(): URL {
  return new URL(TREE === 'src' ? 'conformance/index.ts' : 'dist/conformance/index.js', ROOT);
}
