import type { DataType } from '../domain/dataTypes.ts';

/**
 * A filter as typed, plain, structured-cloneable data: a tree of `and` / `or` over tests. `not` is pushed down into the
 * tests (`negated`), which keeps three-valued logic: a test is unknown where its column is null, and unknown stays
 * unknown when it is negated, so that only rows that are TRUE have to be followed. Every test has:
 *
 *   result(row) = unknown                          if a column that the test reads is null in this row
 *               = negated XOR match(row)           otherwise
 *
 * int64 literals are bigint, floating-point ones number.
 */
export type FilterPlan =
  | ConstantPlan
  | LogicPlan
  | RangeTest
  | InTest
  | CompareNumbersTest
  | TextCompareTest
  | TextInTest
  | CompareTextsTest
  | LikeTest
  | JsonCompareTest
  | JsonInTest
  | JsonLikeTest
  | JsonContainsTest
  | JsonNullTest
  | ArrayContainsTest
  | NullTest;

/** A test of rows: a leaf of the tree. */
export type FilterTest = Exclude<FilterPlan, ConstantPlan | LogicPlan>;

export interface ConstantPlan {
  readonly op: 'constant';
  readonly value: boolean;
}

/** Items are never of the same `op`, never constant; at least two. */
export interface LogicPlan {
  readonly op: 'and' | 'or';
  readonly items: readonly FilterPlan[];
}

export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '**' | '&' | '|' | '^';
/** Keys and array indexes from the root of the document. */
export type JsonPath = readonly (string | number)[];
/** A literal of the filter text or of a template. */
export type Literal = boolean | bigint | number | string | readonly Literal[];

/**
 * How a number behaves. 'int': exact int64, division truncates. 'float': rounded to float32. 'json': a document's
 * number; arithmetic is done in double, division of two whole numbers truncates. A JSON value that is no number is NaN.
 */
export type NumberKind = 'int' | 'float' | 'double' | 'json';

export interface ColumnOperand {
  readonly op: 'column';
  readonly fieldId: number;
  readonly dataType: DataType;
}

/** Element `index` (≥ 0) of an array; a comparison of an element that does not exist does not match, whatever it asks. */
export interface ElementOperand {
  readonly op: 'element';
  readonly fieldId: number;
  /** Of the element. */
  readonly dataType: DataType;
  readonly index: number;
}

/** Elements of an Array field. */
export interface LengthOperand {
  readonly op: 'length';
  readonly fieldId: number;
}

/** Elements of the JSON array at `path`; NaN when there is none. */
export interface JsonLengthOperand {
  readonly op: 'jsonLength';
  readonly fieldId: number;
  readonly path: JsonPath;
}

export interface JsonOperand {
  readonly op: 'json';
  readonly fieldId: number;
  readonly path: JsonPath;
}

export interface ConstantOperand {
  readonly op: 'constant';
  readonly value: bigint | number;
}

export interface ArithmeticOperand {
  readonly op: 'arithmetic';
  readonly operator: ArithmeticOperator;
  readonly kind: NumberKind;
  readonly left: NumberOperand;
  readonly right: NumberOperand;
}

/** Bool counts as an integer of 0 and 1 here. */
export type NumberOperand =
  | ColumnOperand
  | ElementOperand
  | LengthOperand
  | JsonLengthOperand
  | JsonOperand
  | ConstantOperand
  | ArithmeticOperand;

export type TextOperand = ColumnOperand | ElementOperand;

/** Matches low ≤ operand ≤ high, or what lies outside. bigint bounds when `kind` is 'int', else number; low > high = empty. */
export interface RangeTest {
  readonly op: 'range';
  readonly operand: NumberOperand;
  readonly kind: NumberKind;
  readonly low: bigint | number;
  readonly high: bigint | number;
  readonly outside: boolean;
  readonly negated: boolean;
}

/** `values` is sorted and without duplicates; BigInt64Array when the operand is an integer. */
export interface InTest {
  readonly op: 'in';
  readonly operand: NumberOperand;
  readonly values: BigInt64Array | Float64Array;
  readonly negated: boolean;
}

export interface CompareNumbersTest {
  readonly op: 'compareNumbers';
  readonly operator: CompareOperator;
  /** 'int': both are compared as int64; else as double. */
  readonly kind: 'int' | 'double';
  readonly left: NumberOperand;
  readonly right: NumberOperand;
  readonly negated: boolean;
}

/** Text is ordered by its UTF-8 bytes. */
export interface TextCompareTest {
  readonly op: 'textCompare';
  readonly operand: TextOperand;
  readonly operator: CompareOperator;
  readonly value: string;
  readonly negated: boolean;
}

/** `values` has no duplicates. */
export interface TextInTest {
  readonly op: 'textIn';
  readonly operand: TextOperand;
  readonly values: readonly string[];
  readonly negated: boolean;
}

export interface CompareTextsTest {
  readonly op: 'compareTexts';
  readonly operator: CompareOperator;
  readonly left: TextOperand;
  readonly right: TextOperand;
  readonly negated: boolean;
}

/** `like`: of the whole text, `%` any run, `_` one character, `\` takes the next one literally. `re2`: RE2, of any part of the text. */
export type PatternSyntax = 'like' | 're2';

export interface LikeTest {
  readonly op: 'like';
  readonly syntax: PatternSyntax;
  readonly operand: TextOperand;
  readonly pattern: string;
  readonly negated: boolean;
}

/** A path that is missing, or of another type than `value`, is different from it and not ordered to it. */
export interface JsonCompareTest {
  readonly op: 'jsonCompare';
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly operator: CompareOperator;
  readonly value: Literal;
  readonly negated: boolean;
}

export interface JsonInTest {
  readonly op: 'jsonIn';
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly values: readonly Literal[];
  readonly negated: boolean;
}

export interface JsonLikeTest {
  readonly op: 'jsonLike';
  readonly syntax: PatternSyntax;
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly pattern: string;
  readonly negated: boolean;
}

/** Whether the JSON array at `path` contains any or all of `values`; what is no array contains nothing. */
export interface JsonContainsTest {
  readonly op: 'jsonContains';
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly mode: 'any' | 'all';
  readonly values: readonly Literal[];
  readonly negated: boolean;
}

/** Matches where the path is missing, holds JSON null, or the column is null; never unknown. `exists` is its negation. */
export interface JsonNullTest {
  readonly op: 'jsonNull';
  readonly fieldId: number;
  readonly path: JsonPath;
  readonly negated: boolean;
}

export interface ArrayContainsTest {
  readonly op: 'arrayContains';
  readonly fieldId: number;
  readonly mode: 'any' | 'all';
  /** As in InTest and TextInTest, by the element type. */
  readonly values: BigInt64Array | Float64Array | readonly string[];
  readonly negated: boolean;
}

/** Matches where the column is null; never unknown. */
export interface NullTest {
  readonly op: 'null';
  readonly fieldId: number;
  readonly negated: boolean;
}

export const MATCH_ALL: ConstantPlan = { op: 'constant', value: true };
export const MATCH_NONE: ConstantPlan = { op: 'constant', value: false };
