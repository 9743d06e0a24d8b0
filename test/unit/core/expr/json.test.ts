import { describe, expect, it } from 'vitest';
import { DataType } from '../../../../src/core/domain/dataTypes.ts';
import { Dice } from './dice.ts';
import { Raw, Table } from './table.ts';

function documents(texts: readonly string[]): Table {
  return new Table(
    [{ name: 'j', dataType: DataType.JSON }],
    texts.map((text) => ({ j: new Raw(text) })),
  );
}

describe('numbers of documents', () => {
  const NUMBERS = [
    '0',
    '-0',
    '1',
    '1.0',
    '1e0',
    '10e-1',
    '9007199254740992',
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '1234567890123456',
    '12345678901234567890',
    '1e400',
    '-1E+400',
    '0.1',
    '0.10000000000000000555',
    '123456789012345.6',
    '5e-324',
    '1.7976931348623157e308',
  ];
  const table = documents(NUMBERS.map((text) => `{"n":${text}}`));
  const which = (filter: string): string[] => table.query(filter).map((row) => NUMBERS[row]!);

  it('int64 is compared exactly', () => {
    expect(which('j["n"] == 9007199254740993')).toEqual(['9007199254740993']);
    expect(which('j["n"] == 9007199254740992')).toEqual(['9007199254740992']);
    expect(which('j["n"] == -9007199254740993')).toEqual(['-9007199254740993']);
    expect(which('j["n"] == 9223372036854775807')).toEqual(['9223372036854775807']);
    expect(which('j["n"] == -9223372036854775808')).toEqual(['-9223372036854775808']);
    expect(which('j["n"] in [9007199254740993, 1234567890123456, 1]')).toEqual([
      '1',
      '1.0',
      '1e0',
      '10e-1',
      '9007199254740993',
      '1234567890123456',
    ]);
    expect(which('9007199254740992 < j["n"] < 9223372036854775807')).toEqual(['9007199254740993']);
    expect(which('j["n"] < -9007199254740992')).toEqual([
      '-9007199254740993',
      '-9223372036854775808',
      '-1E+400',
    ]);
    expect(which('j["n"] > 9223372036854775806 and j["n"] < 1e300')).toEqual([
      '9223372036854775807',
      '9223372036854775808',
      '12345678901234567890',
    ]);
  });

  it('others are compared as doubles, correctly rounded', () => {
    expect(which('j["n"] == 0')).toEqual(['0', '-0']);
    expect(which('j["n"] == 1.0')).toEqual(['1', '1.0', '1e0', '10e-1']);
    expect(which('j["n"] == 0.1')).toEqual(['0.1', '0.10000000000000000555']);
    expect(which('j["n"] == 123456789012345.6')).toEqual(['123456789012345.6']);
    expect(which('j["n"] == 5e-324')).toEqual(['5e-324']);
    expect(which('j["n"] > 1e308')).toEqual(['1e400', '1.7976931348623157e308']);
  });
});

it('keys and texts are found however they are written', () => {
  const table = documents([
    '{"a":"x"}',
    ' { "\\u0061" : "\\u0078" } ',
    '{"b":{"a":"x"},"a":"y"}',
    '{"a":"\\ud83d\\ude00"}',
    '{"a":"😀"}',
    '{"a":"\\ud83d"}',
    '{"a":"q\\"\\\\\\/\\n"}',
    '{"q\\"":1,"\\\\":2,"":3}',
    '{"s":"{\\"a\\":\\"x\\"}","t":["]","}",{"a":"x"}],"u":[[],[1,[2]]]}',
    '{"a":"x","a":"z"}',
    '"a"',
    '[{"a":"x"}]',
    'null',
  ]);
  expect(table.query('j["a"] == "x"')).toEqual([0, 1, 9]);
  expect(table.query('j["b"]["a"] == "x"')).toEqual([2]);
  expect(table.query('j["a"] == "😀"')).toEqual([3, 4]);
  expect(table.query('j["a"] == "\\U0001F600"')).toEqual([3, 4]);
  expect(table.query('j["a"] like "_"')).toEqual([0, 1, 2, 3, 4, 5, 9]);
  expect(table.query('j["a"] == "\\uFFFD"')).toEqual([5]);
  expect(table.query(`j["a"] == 'q"\\\\/\\n'`)).toEqual([6]);
  expect(table.query(`j['q"'] == 1 and j["\\\\"] == 2 and j[""] == 3`)).toEqual([7]);
  expect(table.query('j["t"][2]["a"] == "x"')).toEqual([8]);
  expect(table.query('j["u"][1][1][0] == 2')).toEqual([8]);
  expect(table.query('json_contains(j["u"], [])')).toEqual([8]);
  expect(table.query('json_contains(j["u"], [1, [2]])')).toEqual([8]);
  expect(table.query('j["u"] == [[], [1, [2.0]]]')).toEqual([8]);
  expect(table.query('j[0]["a"] == "x"')).toEqual([11]);
  expect(table.query('j is null')).toEqual([]);
});

it('a broken document neither throws nor reaches into its neighbours', () => {
  const dice = new Dice(5);
  const whole =
    '{"k": [1, {"a": "x\\u0041\\ud83d\\ude00", "b": [true, null, -1.5e3]}], "z": 12345678901234567, "q": "\\""}';
  const texts = Array.from({ length: 20_000 }, () => {
    const cut = whole.slice(0, dice.below(whole.length + 1));
    const at = dice.below(cut.length + 1);
    return dice.chance(0.5)
      ? cut
      : cut.slice(0, at) +
          dice.pick(['"', '\\', '{', '[', ']', '}', ',', ':', '\\u', '-', 'e', ' ']) +
          cut.slice(at + dice.below(3));
  });
  // Every second document is one that must not be seen from the one before it.
  const table = documents(texts.flatMap((text) => [text, '{"z":77,"k":77,"x":77}']));
  const seen = [...texts.keys()].map((i) => 2 * i + 1);
  for (const filter of [
    'j["z"] == 77',
    'j["k"] == 77',
    'j["x"] == 77',
    'j["x"] + 1 == 78',
    'j["x"] in [77]',
  ]) {
    expect(table.query(filter)).toEqual(seen);
  }
  for (const filter of [
    'j["k"][1]["a"] like "x%"',
    'j["k"][1]["b"][2] < 0',
    'json_contains_all(j["k"][1]["b"], [true, -1500])',
    'array_length(j["k"]) > 1',
    'j["q"] == "\\""',
    'exists j["k"][1]["zz"]',
    'j["k"] == [1, 2]',
  ]) {
    expect(
      table.query(filter).every((row) => row % 2 === 0),
      filter,
    ).toBe(true);
  }
});
