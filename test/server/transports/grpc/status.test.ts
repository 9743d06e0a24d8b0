import { describe, expect, it } from 'vitest';
import type { ErrorKind, ErrorSubject } from '../../../../src/core/domain/errors.ts';
import { ElanusError } from '../../../../src/core/domain/errors.ts';
import { ErrorCode } from '../../../../src/gen/milvus/common.ts';
import { failure, success } from '../../../../src/server/transports/grpc/status.ts';

function codes(kind: ErrorKind, subject?: ErrorSubject, context = {}): string {
  const options = subject === undefined ? { context } : { subject, context };
  const { code, errorCode } = failure(new ElanusError(kind, 'x', options));
  return `${code}/${errorCode}`;
}

describe('status', () => {
  it('is all zero for a success', () => {
    expect(success()).toEqual({
      errorCode: 0,
      reason: '',
      code: 0,
      retriable: false,
      detail: '',
      extraInfo: {},
    });
  });

  it.each<[ErrorKind, ErrorSubject | undefined, string]>([
    ['NotFound', 'collection', '100/4'],
    ['NotFound', 'partition', '200/15'],
    ['NotFound', 'channel', '500/1'],
    ['NotFound', 'segment', '600/47'],
    ['NotFound', 'index', '700/25'],
    ['NotFound', 'database', '800/1'],
    ['NotFound', 'alias', '1600/1'],
    ['NotFound', 'field', '1700/1'],
    ['NotFound', undefined, '65535/1'],
    ['AlreadyExists', 'collection', '65535/1'],
    ['AlreadyExists', 'index', '702/1'],
    ['AlreadyExists', 'alias', '1602/1'],
    ['Conflict', 'alias', '1601/1'],
    ['Conflict', 'collection', '104/1'],
    ['Invalid', 'parameter', '1100/5'],
    ['Invalid', undefined, '1100/5'],
    ['Invalid', 'database', '802/1'],
    ['NotLoaded', 'collection', '101/1'],
    ['NotLoaded', 'partition', '201/1'],
    ['SchemaMismatch', undefined, '109/62'],
    ['Unavailable', undefined, '2/1'],
    ['Timeout', undefined, '10001/1'],
    ['TooLarge', undefined, '1102/1'],
    ['Exhausted', 'collection', '102/1'],
    ['Exhausted', 'database', '801/1'],
    ['Exhausted', undefined, '12/1'],
    ['Corrupt', undefined, '1009/1'],
    ['Internal', undefined, '5/1'],
  ])('maps %s of %s to %s', (kind, subject, expected) => {
    expect(codes(kind, subject)).toBe(expected);
  });

  it('tells what was exhausted by its resource', () => {
    expect(codes('Exhausted', undefined, { resource: 'memory' })).toBe('3/52');
    expect(codes('Exhausted', undefined, { resource: 'disk' })).toBe('7/54');
    expect(codes('Exhausted', undefined, { resource: 'rate' })).toBe('8/49');
  });

  it('sets both codes, a legacy one of the enum, and marks input errors', () => {
    const kinds: ErrorKind[] = [
      'NotFound',
      'Invalid',
      'Unavailable',
      'Unknown',
      'Truncated',
      'Closed',
      'Fenced',
    ];
    for (const kind of kinds) {
      const status = failure(new ElanusError(kind, 'what', { context: { a: 1, b: 'c' } }));
      expect(status.code).not.toBe(0);
      expect(status.errorCode).not.toBe(0);
      expect(Object.values(ErrorCode)).toContain(status.errorCode);
      expect(status.reason).toBe('what[a=1][b=c]');
      expect(status.extraInfo).toEqual(kind === 'Invalid' ? { is_input_error: 'true' } : {});
      expect(status.retriable).toBe(status.code === 2);
    }
    expect(failure(new TypeError('oops'))).toMatchObject({ code: 5, reason: 'oops' });
  });
});
