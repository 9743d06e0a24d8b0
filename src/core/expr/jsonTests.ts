import { SeenValues } from './arrayTests.ts';
import { type Binding, type BlockTest, bytesColumn, finished, rowByRow } from './blockTest.ts';
import { compareJson, INCOMPARABLE, JsonSet, prepareLiteral } from './jsonLiteral.ts';
import {
  findPath,
  firstItem,
  isArray,
  isNull,
  isText,
  nextItem,
  type PreparedPath,
  preparePath,
  readJsonText,
} from './jsonScan.ts';
import { patternMatcher } from './patternMatcher.ts';
import type {
  JsonCompareTest,
  JsonContainsTest,
  JsonInTest,
  JsonLikeTest,
  JsonNullTest,
  JsonPath,
} from './plan.ts';
import { prepared } from './prepared.ts';
import { ACCEPTED_SIGNS } from './textBytes.ts';

/** Whether the value at `at` (-1 = the path is missing) of a document that ends at `end` matches. */
type ValueMatch = (bytes: Uint8Array, at: number, end: number) => boolean;

interface JsonTest {
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly negated: boolean;
}

function bindValue(test: JsonTest, path: PreparedPath, binding: Binding, matches: ValueMatch): BlockTest {
  const { bytes, offsets, validity } = bytesColumn(binding.source, test.fieldId);
  const rows = rowByRow((row) => {
    const end = offsets[row + 1]!;
    return matches(bytes, findPath(bytes, offsets[row]!, end, path), end);
  });
  return finished(rows, { negated: test.negated, validities: [validity] });
}

export function bindJsonCompare(test: JsonCompareTest, binding: Binding): BlockTest {
  const { path, literal } = prepared(test, () => ({
    path: preparePath(test.path),
    literal: prepareLiteral(test.value),
  }));
  const accepted = ACCEPTED_SIGNS[test.operator];
  return bindValue(test, path, binding, (bytes, at, end) => {
    const sign = at < 0 ? INCOMPARABLE : compareJson(bytes, at, end, literal);
    return ((accepted >> (sign + 1)) & 1) === 1;
  });
}

export function bindJsonIn(test: JsonInTest, binding: Binding): BlockTest {
  const { path, set } = prepared(test, () => ({
    path: preparePath(test.path),
    set: new JsonSet(test.values),
  }));
  return bindValue(test, path, binding, (bytes, at, end) => at >= 0 && set.find(bytes, at, end) >= 0);
}

export function bindJsonLike(test: JsonLikeTest, binding: Binding): BlockTest {
  const { path, matcher } = prepared(test, () => ({
    path: preparePath(test.path),
    matcher: patternMatcher(test.syntax, test.pattern),
  }));
  return bindValue(test, path, binding, (bytes, at, end) => {
    if (at < 0 || !isText(bytes, at)) return false;
    const text = readJsonText(bytes, at, end);
    return matcher.matches(text.bytes, text.start, text.start + text.length);
  });
}

export function bindJsonContains(test: JsonContainsTest, binding: Binding): BlockTest {
  const { path, set } = prepared(test, () => ({
    path: preparePath(test.path),
    set: new JsonSet(test.values),
  }));
  return bindValue(test, path, binding, test.mode === 'any' ? anyItem(set) : allValues(set));
}

function anyItem(set: JsonSet): ValueMatch {
  return (bytes, at, end) => {
    if (at < 0) return false;
    for (let item = firstItem(bytes, at, end); item >= 0; item = nextItem(bytes, item, end)) {
      if (set.find(bytes, item, end) >= 0) return true;
    }
    return false;
  };
}

function allValues(set: JsonSet): ValueMatch {
  const seen = new SeenValues(set.size);
  return (bytes, at, end) => {
    if (at < 0 || !isArray(bytes, at)) return false;
    seen.startRow();
    for (
      let item = firstItem(bytes, at, end);
      item >= 0 && !seen.complete;
      item = nextItem(bytes, item, end)
    ) {
      seen.add(set.find(bytes, item, end));
    }
    return seen.complete;
  };
}

export function bindJsonNull(test: JsonNullTest, binding: Binding): BlockTest {
  const path = prepared(test, () => preparePath(test.path));
  const { bytes, offsets } = bytesColumn(binding.source, test.fieldId);
  // A null row holds an empty document, in which every path is missing.
  const missing = rowByRow((row) => {
    const end = offsets[row + 1]!;
    const at = findPath(bytes, offsets[row]!, end, path);
    return at < 0 || isNull(bytes, at);
  });
  return finished(missing, { negated: test.negated, validities: [] });
}
