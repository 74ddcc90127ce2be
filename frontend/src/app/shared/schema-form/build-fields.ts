import type { AbstractControl } from '@angular/forms';
import type { FormlyFieldConfig } from '@ngx-formly/core';
import { violation } from './constraints';
import type { JsonObject, JsonSchema } from './json-schema';

/** What every field type of the schema form finds in its `props`. */
export interface SchemaFieldProps {
  readonly schema: JsonSchema;
  readonly label: string;
  readonly description?: string;
  readonly unit?: string;
  readonly required: boolean;
  readonly disabled: boolean;
}

/**
 * What a field that is emptied stands for, with its unit; '' when it stands for nothing, and when it
 * cannot be emptied.
 */
export function fallbackOf({ schema, unit }: Pick<SchemaFieldProps, 'schema' | 'unit'>): string {
  if (schema.nullable || typeof schema.default !== 'number') return '';
  return [schema.default, unit].filter(Boolean).join(' ');
}

/** Tells from the values of the same object whether a field is to be seen. */
type Visible = (values: JsonObject) => boolean;

interface Entry {
  readonly field: FormlyFieldConfig;
  readonly visible: Visible;
  readonly group: string;
  readonly advanced: boolean;
}

/** Formly fields of an object schema: loose fields first, then named groups, then "Advanced". */
export function buildFields(schema: JsonSchema, readonly: boolean): FormlyFieldConfig[] {
  const entries = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    entryOf(key, property, schema, readonly),
  );
  const plain = entries.filter((entry) => !entry.advanced);
  const advanced = entries.filter((entry) => entry.advanced);
  const groups = [...new Set(plain.map((entry) => entry.group))].filter((group) => group !== '');
  const inGroup = (group: string) => plain.filter((entry) => entry.group === group);
  return [
    ...inGroup('').map((entry) => entry.field),
    ...groups.map((group) => section('group', group, inGroup(group))),
    ...(advanced.length ? [section('advanced', 'Advanced', advanced)] : []),
  ];
}

/** A titled section, there while one of its fields is. */
function section(wrapper: string, label: string, entries: readonly Entry[]): FormlyFieldConfig {
  return {
    wrappers: [wrapper],
    props: { label },
    fieldGroup: entries.map((entry) => entry.field),
    expressions: {
      hide: ({ model }) => !entries.some((entry) => entry.visible(model ?? {})),
    },
  };
}

function entryOf(key: string, schema: JsonSchema, parent: JsonSchema, readonly: boolean): Entry {
  const required = parent.required?.includes(key) ?? false;
  const visible = visibility(key, schema, parent);
  const expressions: FormlyFieldConfig['expressions'] = schema['x-show-when']
    ? { hide: ({ model }) => !visible(model ?? {}) }
    : undefined;
  const group = schema['x-group'] ?? '';
  const advanced = schema['x-advanced'] ?? false;
  const label = schema.title ?? humanise(key);
  if (schema.type === 'object' && schema.properties) {
    const fieldGroup = buildFields(schema, readonly);
    const field = { key, wrappers: ['group'], props: { label }, fieldGroup, expressions };
    return { field, visible, group, advanced };
  }
  const props: SchemaFieldProps = {
    schema,
    label,
    description: schema.description,
    unit: schema['x-unit'],
    required: required && !schema.nullable,
    disabled: readonly,
  };
  const field: FormlyFieldConfig = {
    key,
    type: typeOf(schema),
    wrappers: ['labelled'],
    defaultValue: schema.default ?? schema.const,
    props: { ...props },
    validators: { schema: validator(schema, props.required) },
    expressions,
  };
  return { field, visible, group, advanced };
}

/** A value that breaks its schema is never hidden: it could not be corrected. */
function visibility(key: string, schema: JsonSchema, parent: JsonSchema): Visible {
  const condition = schema['x-show-when'];
  if (!condition) return () => true;
  const usual = parent.properties?.[condition.field]?.default;
  return (values) =>
    condition.in.includes(values[condition.field] ?? usual) ||
    violation(values[key], schema, false) !== null;
}

function validator(schema: JsonSchema, required: boolean) {
  return {
    expression: (control: AbstractControl) => violation(control.value, schema, required) === null,
  };
}

function typeOf(schema: JsonSchema): string {
  const widget = schema['x-widget'];
  if (schema.const !== undefined) return 'constant';
  if (widget === 'slider' && schema.minimum !== undefined && schema.maximum !== undefined) {
    return 'slider';
  }
  if (widget === 'symbol' || widget === 'code') return widget;
  if (schema.enum) return 'choice';
  if (schema.type === 'boolean') return 'toggle';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'array' && isScalar(schema.items)) {
    return schema.items?.enum ? 'options' : 'chips';
  }
  return schema.type === 'string' ? 'text' : 'json';
}

function isScalar(schema: JsonSchema | undefined): boolean {
  return ['string', 'number', 'integer'].includes(schema?.type ?? '');
}

/** `stop_loss` becomes `Stop loss`. */
export function humanise(key: string): string {
  const words = key.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
