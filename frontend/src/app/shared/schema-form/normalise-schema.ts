import type { JsonSchema } from './json-schema';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Rewrites a schema as pydantic prints it into plain fields: references are inlined, an optional
 * value (`anyOf` with null) becomes its own type marked `nullable`, a decimal (`anyOf` number, string)
 * becomes a number, a single `allOf` melts into its owner.
 */
export function normaliseSchema(schema: JsonSchema, root: JsonSchema = schema): JsonSchema {
  const resolved = collapse(dereference(schema, root), root);
  const result: Mutable<JsonSchema> = { ...resolved };
  delete result.$defs;
  if (resolved.items) result.items = normaliseSchema(resolved.items, root);
  if (resolved.properties) {
    result.properties = Object.fromEntries(
      Object.entries(resolved.properties).map(([key, value]) => [
        key,
        normaliseSchema(value, root),
      ]),
    );
  }
  return result;
}

function dereference(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (!schema.$ref) return schema;
  const { $ref, ...own } = schema;
  const target = root.$defs?.[$ref.replace('#/$defs/', '')];
  return target ? { ...dereference(target, root), ...own } : own;
}

function collapse(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.allOf?.length === 1 && schema.allOf[0]) {
    const { allOf, ...own } = schema;
    return collapse({ ...dereference(allOf[0] as JsonSchema, root), ...own }, root);
  }
  if (!schema.anyOf) return schema;
  const { anyOf, ...own } = schema;
  const options = anyOf.map((option) => collapse(dereference(option, root), root));
  const valued = options.filter((option) => option.type !== 'null');
  const nullable = valued.length < options.length ? { nullable: true } : {};
  const single = valued.length === 1 ? valued[0] : decimalOf(valued);
  return single ? { ...single, ...own, ...nullable } : schema;
}

function decimalOf(options: readonly JsonSchema[]): JsonSchema | undefined {
  const number = options.find((option) => option.type === 'number' || option.type === 'integer');
  const text = options.find((option) => option.type === 'string');
  return options.length === 2 && text ? number : undefined;
}
