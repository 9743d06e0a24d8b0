import { isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import { type ConfigFile, NO_FILE } from './configFile.ts';
import type { SourceOf } from './problems.ts';

/** Parses YAML and remembers where each key stands. `name` is the file's, for messages. Read only when there is a file. */
export function parseYaml(name: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `${name}, line ${line}, column ${col}: ${error.message}`;
  });
  if (problems.length > 0) return { ...NO_FILE, problems };

  const sourceOf: SourceOf = (path) => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const key of path) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isNode(item.key) && String(item.key) === String(key));
      if (!isPair(pair)) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    }
    return offset === undefined ? undefined : `${name}, line ${lines.linePos(offset).line}`;
  };
  return { tree: document.toJS() ?? {}, problems: [], sourceOf };
}
