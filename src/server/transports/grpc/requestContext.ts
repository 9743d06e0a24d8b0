import type { CoordinatorService } from '../../../core/coordinator/service.ts';
import type { CollectionInfo } from '../../../core/domain/catalog.ts';
import { DEFAULT_DATABASE } from '../../../core/domain/catalog.ts';
import type { CallContext } from './callContext.ts';

/** The database of a call: the body's, else that of the metadata `dbname`, else the default one. */
export function databaseOf(bodyName: string, context: CallContext): string {
  return bodyName || context.metadata('dbname') || DEFAULT_DATABASE;
}

/** The collection of a call, by name or, when that is empty, by id. Errors: NotFound database, collection. */
export async function collectionOf(
  services: { readonly coordinator: CoordinatorService },
  request: {
    readonly dbName: string;
    readonly collectionName: string;
    readonly collectionID?: bigint | undefined;
  },
  context: CallContext,
): Promise<CollectionInfo> {
  const { collectionName, collectionID = 0n } = request;
  if (collectionName === '' && collectionID !== 0n) {
    return services.coordinator.getCollectionById(Number(collectionID));
  }
  return services.coordinator.getCollection(databaseOf(request.dbName, context), collectionName);
}
