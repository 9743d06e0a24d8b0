import { expect, it } from 'vitest';
import { JsonScanner } from '../../../../src/core/access/jsonScanner.ts';

const scanner = new JsonScanner();
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const scan = (text: string): boolean => scanner.scan(encode(text), 0, encode(text).length);

const SAMPLES = [
  '{}',
  ' { "a" : 1 } ',
  '{"a":[1,2,{"b":null}],"c":"x\\"y"}',
  '[]',
  '[1,]',
  '{"a":1,}',
  '"x"',
  '"\\u00e9"',
  '"\\uZZZZ"',
  '"\\u12"',
  '1',
  '-1',
  '01',
  '1.',
  '.5',
  '1e5',
  '1E+5',
  '1e',
  '-',
  '+1',
  'true',
  'tru',
  'nulll',
  'null',
  'NaN',
  '',
  ' ',
  '{"a"}',
  '{a:1}',
  "{'a':1}",
  '[1 2]',
  '{"a":1 "b":2}',
  '"a\nb"',
  '"a',
  '{"a":',
  '[',
  ']',
  '1 1',
  '"\\x"',
  '{"é":"😀"}',
  '"\\ud83d\\ude00"',
  '-0',
  '0.0e-0',
  '[[[[]]]]',
  '{"a":{"a":{}}}',
  '"\\',
  '"\\u004',
  '{"":0}',
  '\u00a01',
];

it.each(SAMPLES)('agrees with JSON.parse about %j', (text) => {
  let parsed = true;
  try {
    JSON.parse(text);
  } catch {
    parsed = false;
  }
  expect(scan(text)).toBe(parsed);
});

it('agrees with JSON.parse about damaged documents', () => {
  const whole = '{"a":[1,-2.5e3,true,null,"x\\n\\u0041"],"b":{"c":{}}}';
  for (let at = 0; at < whole.length; at++) {
    for (const piece of ['', '"', '}', ',', '0', '\\', ' ']) {
      const text = whole.slice(0, at) + piece + whole.slice(at + 1);
      let parsed = true;
      try {
        JSON.parse(text);
      } catch {
        parsed = false;
      }
      expect([text, scan(text)]).toEqual([text, parsed]);
    }
  }
});

it('finds the members of a top-level object', () => {
  const text = ' {"a" : [1, {"x":2}] ,"b\\"c":"v", "d":null }';
  expect(scan(text)).toBe(true);
  const { valueStart, valueEnd } = scanner.members;
  const members = valueStart.map((start, i) => [scanner.keyText(i), text.slice(start, valueEnd[i])]);
  expect(members).toEqual([
    ['a', '[1, {"x":2}]'],
    ['b"c', '"v"'],
    ['d', 'null'],
  ]);
  expect(scan('[{"a":1}]') && !scanner.isObject).toBe(true);
});

it('refuses deep nesting instead of overflowing the stack', () => {
  expect(scan('['.repeat(500) + ']'.repeat(500))).toBe(true);
  expect(scan('['.repeat(100_000) + ']'.repeat(100_000))).toBe(false);
});
