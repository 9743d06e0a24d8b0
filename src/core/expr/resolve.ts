import { DataType, dataTypeName } from '../domain/dataTypes.ts';
import type { CollectionSchema } from '../domain/schema.ts';
import { arithmeticValue, signValue } from './arithmetic.ts';
import type { Ast } from './ast.ts';
import { compareValues } from './comparison.ts';
import { failAt } from './filterError.ts';
import { isList, literalOf } from './fold.ts';
import { listTest, memberTest } from './membership.ts';
import { literalValue, nameValue, type Value } from './names.ts';
import { checkRegex } from './patternMatcher.ts';
import { type FilterPlan, MATCH_ALL, MATCH_NONE, type PatternSyntax } from './plan.ts';
import { andOf, orOf } from './simplify.ts';

const CONTAINS = /^(?:json|array)_contains(?:_(all|any))?$/;

/** Gives a parsed filter its names and types. Errors: Invalid with the column. */
export function resolveFilter(ast: Ast, schema: CollectionSchema): FilterPlan {
  return new Resolver(schema).plan(ast, false);
}

class Resolver {
  readonly #schema: CollectionSchema;

  constructor(schema: CollectionSchema) {
    this.#schema = schema;
  }

  /** The rows for which `ast` is true; with `negated` those for which it is false. */
  plan(ast: Ast, negated: boolean): FilterPlan {
    switch (ast.kind) {
      case 'logic': {
        const items = ast.items.map((item) => this.plan(item, negated));
        return (ast.op === 'and') === negated ? orOf(items) : andOf(items);
      }
      case 'not':
        return this.plan(ast.item, !negated);
      case 'compare':
        return compareValues(ast.op, this.#value(ast.left), this.#value(ast.right), negated, ast.offset);
      case 'in':
        return this.#in(ast.item, ast.list, ast.negated !== negated);
      case 'like':
        return this.#like(ast.syntax, ast.item, ast.pattern, ast.negated !== negated);
      case 'null':
        return this.#null(ast.item, ast.negated !== negated);
      case 'exists':
        return this.#exists(ast.item, negated);
      case 'call':
        if (ast.name !== 'array_length') return this.#contains(ast, negated);
        break;
      default:
    }
    return conditionOf(this.#value(ast), negated, ast.offset);
  }

  #value(ast: Ast): Value {
    const literal = literalOf(ast);
    if (literal !== undefined) return literalValue(literal);
    switch (ast.kind) {
      case 'name':
        return nameValue(this.#schema, ast.name, ast.path, ast.offset);
      case 'sign':
        return signValue(ast.op, this.#value(ast.item), ast.offset);
      case 'arithmetic':
        return arithmeticValue(ast.op, this.#value(ast.left), this.#value(ast.right), ast.offset);
      case 'call':
        if (ast.name === 'array_length') return this.#arrayLength(ast);
        if (!CONTAINS.test(ast.name)) failAt(ast.offset, `unknown function ${ast.name}`);
        break;
      default:
    }
    return { is: 'condition', plan: (negated) => this.plan(ast, negated), shown: 'a condition' };
  }

  #in(item: Ast, list: Ast, negated: boolean): FilterPlan {
    const values = literalOf(list);
    if (values === undefined || !isList(values))
      return failAt(list.offset, "the right side of 'in' must be a list");
    return listTest(this.#value(item), values, negated, item.offset);
  }

  #like(syntax: PatternSyntax, item: Ast, patternAst: Ast, negated: boolean): FilterPlan {
    const pattern = literalOf(patternAst);
    const name = syntax === 'like' ? 'like' : '=~';
    if (typeof pattern !== 'string')
      return failAt(patternAst.offset, `the right side of '${name}' must be a string`);
    if (syntax === 're2') checkRegex(pattern, patternAst.offset);
    const value = this.#value(item);
    if (value.is === 'text') return { op: 'like', syntax, operand: value.operand, pattern, negated };
    if (value.is === 'json' && value.path.length > 0) {
      return { op: 'jsonLike', syntax, fieldId: value.fieldId, path: value.path, pattern, negated };
    }
    return failAt(
      item.offset,
      `${name} operation on non-string or no-json field is unsupported: ${value.shown}`,
    );
  }

  #null(item: Ast, negated: boolean): FilterPlan {
    const value = this.#value(item);
    if (value.is === 'json') {
      const { fieldId, path } = value;
      return path.length === 0
        ? { op: 'null', fieldId, negated }
        : { op: 'jsonNull', fieldId, path, negated };
    }
    if (value.is === 'array' || value.is === 'vector')
      return { op: 'null', fieldId: value.field.fieldId, negated };
    if (
      (value.is === 'number' || value.is === 'bool' || value.is === 'text') &&
      value.operand.op === 'column'
    ) {
      return { op: 'null', fieldId: value.operand.fieldId, negated };
    }
    return failAt(item.offset, `'is null' needs a field or a JSON path, got ${value.shown}`);
  }

  #exists(item: Ast, negated: boolean): FilterPlan {
    const value = this.#value(item);
    if (value.is === 'json' && value.path.length > 0) {
      return { op: 'jsonNull', fieldId: value.fieldId, path: value.path, negated: !negated };
    }
    return failAt(
      item.offset,
      `exists operations are only supported on a key of a JSON field, got ${value.shown}`,
    );
  }

  #arrayLength(ast: Ast & { kind: 'call' }): Value {
    const [item] = ast.args;
    if (item === undefined || ast.args.length !== 1)
      return failAt(ast.offset, 'array_length takes one argument');
    const value = this.#value(item);
    const shown = `array_length(${value.shown})`;
    if (value.is === 'array') {
      return { is: 'number', operand: { op: 'length', fieldId: value.field.fieldId }, kind: 'int', shown };
    }
    if (value.is === 'json') {
      const { fieldId, path } = value;
      return { is: 'number', operand: { op: 'jsonLength', fieldId, path }, kind: 'json', shown };
    }
    return failAt(
      item.offset,
      `array_length operation is only supported on an array or JSON field, got ${value.shown}`,
    );
  }

  #contains(ast: Ast & { kind: 'call' }, negated: boolean): FilterPlan {
    const form = CONTAINS.exec(ast.name);
    if (form === null) return failAt(ast.offset, `unknown function ${ast.name}`);
    const [container, wanted] = ast.args;
    if (container === undefined || wanted === undefined || ast.args.length !== 2) {
      return failAt(ast.offset, `${ast.name} takes two arguments`);
    }
    const literal = literalOf(wanted);
    if (literal === undefined) return failAt(wanted.offset, `${ast.name} needs a constant`);
    const mode = form[1] === 'all' ? 'all' : 'any';
    if (form[1] !== undefined && !isList(literal)) return failAt(wanted.offset, `${ast.name} needs a list`);
    const values = form[1] !== undefined && isList(literal) ? literal : [literal];
    return memberTest(this.#value(container), mode, values, negated, container.offset);
  }
}

/** A value where a condition must stand: a Bool field, a constant, a JSON path that should hold true. */
function conditionOf(value: Value, negated: boolean, offset: number): FilterPlan {
  switch (value.is) {
    case 'literal':
      if (typeof value.value === 'boolean') return value.value !== negated ? MATCH_ALL : MATCH_NONE;
      break;
    case 'bool':
      return compareValues('==', value, literalValue(true), negated, offset);
    case 'json':
      if (value.path.length > 0) return compareValues('==', value, literalValue(true), negated, offset);
      break;
    case 'condition':
      return value.plan(negated);
    default:
  }
  const type = value.is === 'array' ? dataTypeName(DataType.Array) : value.is;
  return failAt(offset, `predicate is not a boolean expression: ${value.shown}, data type: ${type}`);
}
