import { ElanusError, invalid } from '../../core/domain/errors.ts';
import type { WalKafkaConfig } from './config.ts';

/** Why a record cannot be taken while so many bytes wait for the brokers. */
export function beyondLimits(
  recordBytes: number,
  pendingBytes: number,
  { recordBytesMax, queuedBytesMax }: WalKafkaConfig,
): ElanusError | undefined {
  if (recordBytes === 0) return invalid('a record must have at least 1 byte, got 0');
  if (recordBytes > recordBytesMax) {
    const text = `a record of ${recordBytes} bytes is above recordBytesMax ${recordBytesMax}`;
    return new ElanusError('TooLarge', text);
  }
  if (pendingBytes === 0 || pendingBytes + recordBytes <= queuedBytesMax) return undefined;
  return new ElanusError(
    'Exhausted',
    `${pendingBytes} bytes wait for the brokers, with ${recordBytes} more above queuedBytesMax ${queuedBytesMax}`,
  );
}
