/** How a value is best shown. */
export type Shape = 'table' | 'branch' | 'leaf';

export interface Row {
  readonly key: string;
  readonly label: string;
  readonly value: unknown;
  readonly shape: Shape;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const MAX_COLUMNS = 8;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of flat objects with few columns is a table; other lists and objects branch. */
export function shapeOf(value: unknown): Shape {
  if (tableOf(value)) return 'table';
  const branches = isObject(value) || (Array.isArray(value) && !value.every(isLeaf));
  return branches && Object.keys(value as object).length > 0 ? 'branch' : 'leaf';
}

/** The rows of a branch, with keys made readable. */
export function rowsOf(value: unknown): Row[] {
  if (!isObject(value) && !Array.isArray(value)) return [];
  return Object.entries(value).map(([key, item]) => ({
    key,
    label: Array.isArray(value) ? `${Number(key) + 1}` : readable(key),
    value: item,
    shape: shapeOf(item),
  }));
}

export function tableOf(value: unknown): Table | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return null;
  const rows = value as Record<string, unknown>[];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const flat = rows.every((row) => Object.values(row).every(isLeaf));
  if (!flat || columns.length > MAX_COLUMNS) return null;
  return { columns, rows: rows.map((row) => columns.map((column) => row[column])) };
}

/** `stop_loss` becomes `stop loss`; names such as `1d` or `RSI` stay. */
export function readable(key: string): string {
  return key.replaceAll('_', ' ');
}

/** Whether a value reads as a number, so that it is set flush right. */
export function isNumeric(value: unknown): boolean {
  if (typeof value === 'number') return true;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
}

/** A leaf as text: lists in one line, yes and no, a dash for nothing. */
export function leafText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(Number(value.toPrecision(10)));
  if (Array.isArray(value)) return value.length ? value.map(leafText).join(', ') : 'none';
  return isObject(value) ? 'none' : String(value);
}

function isLeaf(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
