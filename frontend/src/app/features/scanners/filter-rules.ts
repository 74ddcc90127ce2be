import type { ScannerField, ScannerFilter, ScreenField } from '@core/api';

/** One line of the rule builder, as it is being typed. */
export interface RuleDraft {
  readonly key: number;
  readonly field: string;
  readonly op: string;
  /** What is compared with; for `between` the lower end, for `in` words with commas. */
  readonly value: string;
  /** The upper end of `between`. */
  readonly upper: string;
}

export const OP_WORDS: Readonly<Record<string, string>> = {
  '>': 'is above',
  '>=': 'is at least',
  '<': 'is below',
  '<=': 'is at most',
  between: 'is between',
  in: 'is one of',
};

export function opInWords(op: string): string {
  return OP_WORDS[op] ?? op;
}

/** A first rule on `field`, still without a value. */
export function draftOf(field: ScannerField, key: number): RuleDraft {
  return { key, field: field.field, op: field.ops[0] ?? '>', value: '', upper: '' };
}

/** What is wrong with a rule, in words; empty when nothing is. */
export function ruleProblem({ op, value, upper }: RuleDraft): string {
  if (op === 'in') return wordsOf(value).length ? '' : 'Name at least one.';
  if (!isNumber(value)) return 'Enter a number.';
  if (op !== 'between') return '';
  if (!isNumber(upper)) return 'Enter both ends.';
  return Number(value) <= Number(upper) ? '' : 'The first number must be the smaller one.';
}

/** The rules as the server takes them, or null while one of them is unfinished. */
export function toFilter(drafts: readonly RuleDraft[], limit: number | null): ScannerFilter | null {
  if (!drafts.length || drafts.some((draft) => ruleProblem(draft))) return null;
  const all = drafts.map(({ field, op, value, upper }) => ({
    field: field as ScreenField,
    op: op as ScannerFilter['all'][number]['op'],
    value: valueOf(op, value, upper),
  }));
  return limit === null ? { all } : { all, limit };
}

/** Rules of the server as drafts for the builder. */
export function fromFilter(filter: ScannerFilter | null | undefined): RuleDraft[] {
  return (filter?.all ?? []).map(({ field, op, value }, key) => {
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (op === 'in') return { key, field, op, value: parts.join(', '), upper: '' };
    return { key, field, op, value: text(parts[0]), upper: text(parts[1]) };
  });
}

/** One rule as a phrase: "RSI 14 is below 30". */
export function ruleInWords(
  { field, op, value }: ScannerFilter['all'][number],
  fields: readonly ScannerField[],
): string {
  const label = fields.find((item) => item.field === field)?.label ?? field;
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return `${label} ${opInWords(op)} ${parts.join(op === 'between' ? ' and ' : ', ')}`;
}

function valueOf(op: string, value: string, upper: string): number | [number, number] | string[] {
  if (op === 'in') return wordsOf(value);
  return op === 'between' ? [Number(value), Number(upper)] : Number(value);
}

/** The words of a list with commas. */
export function wordsOf(value: string): string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

function isNumber(value: string): boolean {
  return value.trim() !== '' && Number.isFinite(Number(value));
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
