import packageManifest from '../../../package.json' with { type: 'json' };
import { ElanusError } from '../../core/domain/errors.ts';

/** Packages that a built-in plugin needs and that are not installed with the server, with the version that fits. */
const OPTIONAL_PACKAGES: Readonly<Record<string, string>> = packageManifest.peerDependencies;

/**
 * When `error` says that a package is not installed: an error of kind Unsupported with the line that installs it.
 * `setting` is the key of elanus.yaml that asked for it, `hint` goes behind the plugin's name.
 */
export function missingPackage(
  error: unknown,
  setting: string,
  plugin: string,
  hint = '',
): ElanusError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  const name = /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const isPath = name.startsWith('.') || name.startsWith('/') || name.startsWith('file:');
  const what = isPath ? `the file ${name} does not exist` : `the package ${name} is not installed`;
  const remedy = isPath ? '' : `. Install it with: npm install ${withVersion(packageName(name))}`;
  return new ElanusError('Unsupported', `${setting}: ${plugin}${hint}: ${what}${remedy}`, { cause: error });
}

/** `@scope/name/inner` → `@scope/name`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function withVersion(name: string): string {
  const version = OPTIONAL_PACKAGES[name];
  return version === undefined ? name : `${name}@${version}`;
}
