import { invalid } from '../../core/domain/errors.ts';
import type { Admin, NamespacePolicies } from './admin.ts';
import type { WalPulsarConfig } from './config.ts';
import { isKind } from './errors.ts';
import type { Patience } from './retry.ts';

const FOREVER = -1;

const WANTED: NamespacePolicies = {
  retention_policies: { retentionTimeInMinutes: FOREVER, retentionSizeInMB: FOREVER },
  autoTopicCreationOverride: { allowAutoTopicCreation: false },
  inactive_topic_policies: {
    deleteWhileInactive: false,
    // Without meaning then, and required.
    inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
    maxInactiveDurationSeconds: 86_400,
  },
};

/**
 * Makes the namespace when it does not exist. One that exists is checked and left as it is: others may use it.
 * Errors: Invalid, with every policy that could lose records or refuse them, and the command that sets it.
 */
export async function requireNamespace(
  admin: Admin,
  { namespace }: WalPulsarConfig,
  patience: Patience,
): Promise<void> {
  let policies = await admin.policies(patience);
  if (policies === undefined) {
    await createNamespace(admin, namespace, patience);
    policies = await admin.policies(patience);
  }
  const problems = problemsOf(policies ?? {}).map(
    ([problem, command]) => `${problem} (pulsar-admin namespaces ${command} ${namespace})`,
  );
  if (problems.length > 0)
    throw invalid(`Pulsar's namespace ${namespace} is not fit for a log: ${problems.join('; ')}`);
}

async function createNamespace(admin: Admin, namespace: string, patience: Patience): Promise<void> {
  try {
    await admin.createNamespace(WANTED, patience);
  } catch (caught) {
    if (!isKind(caught, 'NotFound')) throw caught;
    throw invalid(`Pulsar's namespace ${namespace} cannot be made: its tenant does not exist`);
  }
}

/** Each with the subcommand that mends it. */
export function problemsOf(policies: NamespacePolicies): (readonly [problem: string, command: string])[] {
  const problems: (readonly [string, string])[] = [];
  const { retentionTimeInMinutes, retentionSizeInMB } = policies.retention_policies ?? {};
  if (retentionTimeInMinutes !== FOREVER || retentionSizeInMB !== FOREVER) {
    const found =
      retentionTimeInMinutes === undefined
        ? 'is not set'
        : `is ${retentionTimeInMinutes} min and ${retentionSizeInMB} MB`;
    problems.push([`retention ${found}, must be infinite`, 'set-retention --time -1 --size -1']);
  }
  if (policies.autoTopicCreationOverride?.allowAutoTopicCreation !== false) {
    const problem = 'topics are made by whoever names them, so that a deleted one could come back';
    problems.push([problem, 'set-auto-topic-creation --disable']);
  }
  if (policies.inactive_topic_policies?.deleteWhileInactive !== false) {
    const command =
      'set-inactive-topic-policies --disable-delete-while-inactive --max-inactive-duration 1d --delete-mode delete_when_no_subscriptions';
    problems.push(['idle topics are deleted, empty ones in spite of the retention', command]);
  }
  for (const [type, { limitSize = FOREVER, limitTime = FOREVER }] of Object.entries(
    policies.backlog_quota_map ?? {},
  )) {
    if (limitSize < 0 && limitTime <= 0) continue;
    problems.push([`a backlog quota (${type}) is set`, `remove-backlog-quota --type ${type}`]);
  }
  return problems;
}
