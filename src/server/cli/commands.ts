/** A command beside serving: `elanus <name> …`. Its module is not read before it is asked for. */
export interface Command {
  /** One line for --help. */
  readonly summary: string;
  /** Resolves with the exit code. */
  readonly run: (args: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  repair: {
    summary: 'give up damaged records of the log (elanus repair --help)',
    run: async (args, environment) => (await import('./repairCommand.ts')).repairCommand(args, environment),
  },
  migrate: {
    summary: 'copy all data into other storage (elanus migrate --help)',
    run: async (args) => (await import('./migrateCommand.ts')).migrateCommand(args),
  },
  plugin: {
    summary: 'list, check and begin plugins (elanus plugin --help)',
    run: async (args) => (await import('./plugin/pluginCommand.ts')).pluginCommand(args),
  },
};
