import { COMMANDS } from './commands.ts';

/** The text of `elanus --help`. */
export function helpText(): string {
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  elanus ${name.padEnd(20)} ${summary}\n`,
  );
  return `Elanus, a vector database that speaks Milvus's protocol.

Usage:
  elanus [options]            serve until SIGTERM or SIGINT
${commands.join('')}
Options:
  -c, --config <file>         configuration file        (default: elanus.yaml, if there is one)
  -d, --data-dir <folder>     where data are kept       (default: ./elanus-data)
  -p, --port <port>           gRPC and HTTP; 0: any     (default: 19530)
      --host <address>        address to listen on      (default: 127.0.0.1)
      --admin-port <port>     health and metrics        (default: 9091)
      --check                 check the configuration, print what would be used, and stop
  -h, --help                  this text
  -v, --version               the version

Every key of elanus.yaml can be set by an environment variable too: server.adminPort is ELANUS_SERVER_ADMIN_PORT.
The command line wins over the environment, which wins over the file.

Examples:
  elanus                                          data in ./elanus-data, listens on 127.0.0.1:19530
  elanus --data-dir /var/lib/elanus --port 19531
  elanus --config production.yaml --check
  ELANUS_LOG_LEVEL=debug elanus

Connect with any Milvus client, for example in Python:
  MilvusClient(uri="http://127.0.0.1:19530")

Exit codes: 0 stopped as asked, 1 could not start or stop cleanly, 2 wrong configuration or options.
`;
}
