import type { JsonSchema } from './json-schema';

/** The name under which a control keeps what the server says about its value. */
export const SERVER = 'server';

/**
 * What is wrong with `value` under `schema`, in words for the person who typed it, or null.
 * The form asks for one field at a time; the server has the last word.
 */
export function violation(value: unknown, schema: JsonSchema, required: boolean): string | null {
  if (value === null || value === undefined || value === '') {
    const tooShort = value === '' && (schema.minLength ?? 0) > 0;
    return (required || tooShort) && !schema.nullable ? 'This is needed.' : null;
  }
  if (schema.enum && !schema.enum.includes(value)) return 'Choose one of the options.';
  if (typeof value === 'string') return textViolation(value, schema);
  if (typeof value === 'number') return numberViolation(value, schema);
  if (Array.isArray(value)) return listViolation(value, schema);
  return null;
}

function textViolation(value: string, schema: JsonSchema): string | null {
  if (schema.type === 'number' || schema.type === 'integer') return numberText(value, schema);
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined && value.length < minLength) {
    return `Use at least ${minLength} characters.`;
  }
  if (maxLength !== undefined && value.length > maxLength) {
    return `Use at most ${maxLength} characters.`;
  }
  return pattern !== undefined && !matches(pattern, value)
    ? 'This does not have the right form.'
    : null;
}

function numberText(value: string, schema: JsonSchema): string | null {
  const number = Number(value);
  return Number.isFinite(number) ? numberViolation(number, schema) : 'Enter a number.';
}

function numberViolation(value: number, schema: JsonSchema): string | null {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (!Number.isFinite(value)) return 'Enter a number.';
  if (schema.type === 'integer' && !Number.isInteger(value)) return 'Enter a whole number.';
  if (minimum !== undefined && value < minimum) return `Must be at least ${minimum}.`;
  if (maximum !== undefined && value > maximum) return `Must be at most ${maximum}.`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return `Must be more than ${exclusiveMinimum}.`;
  }
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    return `Must be less than ${exclusiveMaximum}.`;
  }
  return multipleOf !== undefined && !isMultiple(value, multipleOf)
    ? `Must be a multiple of ${multipleOf}.`
    : null;
}

function listViolation(value: readonly unknown[], schema: JsonSchema): string | null {
  const { minItems, maxItems, uniqueItems, items } = schema;
  if (minItems !== undefined && value.length < minItems) {
    return minItems === 1 ? 'Add at least one.' : `Add at least ${minItems}.`;
  }
  if (maxItems !== undefined && value.length > maxItems) return `Use at most ${maxItems}.`;
  if (uniqueItems && new Set(value).size < value.length) return 'Each may be there once.';
  if (!items) return null;
  const index = value.findIndex((item) => violation(item, items, true));
  return index < 0 ? null : `${String(value[index])}: ${violation(value[index], items, true)}`;
}

/** Multiples of decimals are checked with room for floating point (0.3 is a multiple of 0.1). */
function isMultiple(value: number, step: number): boolean {
  const ratio = value / step;
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 * Math.max(1, Math.abs(ratio));
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // A pattern of another dialect is left to the server.
  }
}
