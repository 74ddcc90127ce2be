/** Reading the JSON Schema of an agent's settings: properties, defaults, labels, and what a value breaks. */

export type Schema = Readonly<Record<string, unknown>>;

export interface SchemaFault {
  /** Dotted path of the field. */
  readonly field: string;
  readonly message: string;
}

/** The schema behind references and "or null". */
export function resolve(schema: Schema, root: Schema): Schema {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const target = reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((at, key) => (at as Schema | undefined)?.[key], root);
    const rest = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$ref'));
    return resolve({ ...(target as Schema | undefined), ...rest }, root);
  }
  const options = schema['anyOf'] as readonly Schema[] | undefined;
  const real = options?.filter((option) => option['type'] !== 'null');
  if (real?.length === 1) {
    const rest = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'anyOf'));
    return resolve({ ...real[0], ...rest }, root);
  }
  return schema;
}

export function propertiesOf(root: Schema): [string, Schema][] {
  const properties = (root['properties'] ?? {}) as Record<string, Schema>;
  return Object.entries(properties).map(([name, schema]) => [name, resolve(schema, root)]);
}

/** What settings are while they are not written out, where the schema says so. */
export function defaultsOf(root: Schema): Readonly<Record<string, unknown>> {
  const defaults = propertiesOf(root).map(([name, schema]) => [name, schema['default']] as const);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
}

/** A field's title in words. */
export function titleOf(name: string, schema: Schema): string {
  return (schema['title'] as string | undefined) ?? name.replaceAll('_', ' ');
}

/** Every fault of a value against its schema; an empty list means it fits. */
export function faultsOf(value: unknown, schema: Schema, root: Schema, field = ''): SchemaFault[] {
  const nullable = (schema['anyOf'] as readonly Schema[] | undefined)?.some(
    (option) => option['type'] === 'null',
  );
  if (value === null && nullable) return [];
  const actual = resolve(schema, root);
  const options = (actual['anyOf'] ?? actual['oneOf']) as readonly Schema[] | undefined;
  if (options) {
    const faults = options.map((option) => faultsOf(value, option, root, field));
    return faults.some((list) => !list.length) ? [] : (faults[0] ?? []);
  }
  const fault = faultOfValue(value, actual);
  if (fault) return [{ field, message: fault }];
  if (actual['type'] === 'object') return objectFaults(value as Schema, actual, root, field);
  if (actual['type'] === 'array' && actual['items'])
    return (value as readonly unknown[]).flatMap((item, index) =>
      faultsOf(item, actual['items'] as Schema, root, `${field}.${index}`),
    );
  return [];
}

function objectFaults(value: Schema, schema: Schema, root: Schema, field: string): SchemaFault[] {
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const path = (name: string) => (field ? `${field}.${name}` : name);
  const faults: SchemaFault[] = [];
  for (const name of (schema['required'] as readonly string[] | undefined) ?? [])
    if (value[name] === undefined)
      faults.push({
        field: path(name),
        message: `${titleOf(name, properties[name] ?? {})} is required`,
      });
  for (const [name, item] of Object.entries(value)) {
    const property = properties[name];
    if (property) faults.push(...faultsOf(item, property, root, path(name)));
    else if (schema['additionalProperties'] === false)
      faults.push({ field: path(name), message: `There is no setting called ${name}` });
  }
  return faults;
}

const TYPE_TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'Must be text',
  number: 'Must be a number',
  integer: 'Must be a whole number',
  boolean: 'Must be on or off',
  array: 'Must be a list',
  object: 'Must be a group of settings',
};

function faultOfValue(value: unknown, schema: Schema): string | null {
  const choices = schema['enum'] as readonly unknown[] | undefined;
  if (choices && !choices.includes(value)) return `Must be one of ${choices.join(', ')}`;
  if ('const' in schema && value !== schema['const']) return `Must be ${String(schema['const'])}`;
  const type = schema['type'] as string | undefined;
  if (type && !(TYPE_TESTS[type]?.(value) ?? true)) return TYPE_WORDS[type] ?? `Must be ${type}`;
  if (typeof value === 'number') return faultOfNumber(value, schema);
  if (typeof value === 'string') return faultOfText(value, schema);
  if (Array.isArray(value)) return faultOfList(value, schema);
  return null;
}

function faultOfNumber(value: number, schema: Schema): string | null {
  const limit = (key: string) => schema[key] as number | undefined;
  if (value < (limit('minimum') ?? -Infinity)) return `Must be at least ${limit('minimum')}`;
  if (value > (limit('maximum') ?? Infinity)) return `Must be at most ${limit('maximum')}`;
  if (value <= (limit('exclusiveMinimum') ?? -Infinity))
    return `Must be more than ${limit('exclusiveMinimum')}`;
  if (value >= (limit('exclusiveMaximum') ?? Infinity))
    return `Must be less than ${limit('exclusiveMaximum')}`;
  return null;
}

function faultOfText(value: string, schema: Schema): string | null {
  const shortest = (schema['minLength'] as number | undefined) ?? 0;
  const longest = (schema['maxLength'] as number | undefined) ?? Infinity;
  if (value.length < shortest)
    return shortest === 1 ? 'Cannot be empty' : `Must have at least ${shortest} characters`;
  if (value.length > longest) return `Must have at most ${longest} characters`;
  const pattern = schema['pattern'] as string | undefined;
  if (pattern && !new RegExp(pattern).test(value)) return 'Does not have the expected form';
  return null;
}

function faultOfList(value: readonly unknown[], schema: Schema): string | null {
  const fewest = (schema['minItems'] as number | undefined) ?? 0;
  const most = (schema['maxItems'] as number | undefined) ?? Infinity;
  if (value.length < fewest) return `Needs at least ${fewest}`;
  if (value.length > most) return `Takes at most ${most}`;
  return null;
}
