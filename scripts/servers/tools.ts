/** What installing needs and a bare machine lacks: Go, Maven and Java, from Debian and the Go module proxy. */
import { onPath, run } from './commands.ts';

const GO_VERSION = '1.26.8';
const GO_MINOR_MIN = 26;
const SMALL = ['-trimpath', '-ldflags', '-s -w'];

/** Builds a program of the module in `folder` into the file `target`. */
export async function buildGo(program: string, target: string, folder: string): Promise<void> {
  await run(await goCommand(), ['build', ...SMALL, '-o', target, program], { folder });
}

/** Builds `program@version` into `folder`, under the program's own name. */
export async function installGo(program: string, folder: string): Promise<void> {
  await run(await goCommand(), ['install', ...SMALL, program], { folder, env: { GOBIN: folder } });
}

/** Copies the jars that a pom names, and what these need, into `folder`. */
export async function copyJars(pom: string, folder: string): Promise<void> {
  await ensureDebian('java', 'default-jre-headless');
  await ensureDebian('mvn', 'maven');
  const goal = 'dependency:copy-dependencies';
  await run('mvn', ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${folder}`, '-DincludeScope=runtime']);
}

/**
 * A Go that is new enough: the one on the path, or the toolchain module of the Go module proxy, which any older Go
 * can download. Modules carry no executable bits.
 */
async function goCommand(): Promise<string> {
  await ensureDebian('go', 'golang-go');
  const [version, platform, arch] = (await run('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'])).split('\n');
  if (Number(/^go1\.(\d+)/.exec(version!)?.[1]) >= GO_MINOR_MIN) return 'go';
  const toolchain = `golang.org/toolchain@v0.0.1-go${GO_VERSION}.${platform}-${arch}`;
  const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', toolchain])) as { Dir: string };
  await run('chmod', ['-R', '+x', `${Dir}/bin`, `${Dir}/pkg/tool`]);
  return `${Dir}/bin/go`;
}

async function ensureDebian(command: string, debianPackage: string): Promise<void> {
  if (onPath(command)) return;
  const wanted = `${command} is missing (Debian: apt-get install ${debianPackage})`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) throw new Error(wanted);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', debianPackage], { env });
  if (!onPath(command)) throw new Error(wanted);
}
