import type { AbstractControl } from '@angular/forms';
import type { FormlyFieldConfig } from '@ngx-formly/core';
import { violation } from './constraints';
import type { JsonSchema } from './json-schema';

/** What every field type of the schema form finds in its `props`. */
export interface SchemaFieldProps {
  readonly schema: JsonSchema;
  readonly label: string;
  readonly description?: string;
  readonly unit?: string;
  readonly required: boolean;
  readonly disabled: boolean;
}

interface Entry {
  readonly field: FormlyFieldConfig;
  readonly group: string;
  readonly advanced: boolean;
}

/** Formly fields of an object schema: loose fields first, then named groups, then "Advanced". */
export function buildFields(schema: JsonSchema, readonly: boolean): FormlyFieldConfig[] {
  const entries = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    entryOf(key, property, schema.required?.includes(key) ?? false, readonly),
  );
  const plain = entries.filter((entry) => !entry.advanced);
  const advanced = entries.filter((entry) => entry.advanced).map((entry) => entry.field);
  const groups = [...new Set(plain.map((entry) => entry.group))].filter((group) => group !== '');
  const inGroup = (group: string) =>
    plain.filter((entry) => entry.group === group).map((entry) => entry.field);
  return [
    ...inGroup(''),
    ...groups.map((group) => section('group', group, inGroup(group))),
    ...(advanced.length ? [section('advanced', 'Advanced', advanced)] : []),
  ];
}

function section(
  wrapper: string,
  label: string,
  fieldGroup: FormlyFieldConfig[],
): FormlyFieldConfig {
  return { wrappers: [wrapper], props: { label }, fieldGroup };
}

function entryOf(key: string, schema: JsonSchema, required: boolean, readonly: boolean): Entry {
  const group = schema['x-group'] ?? '';
  const advanced = schema['x-advanced'] ?? false;
  const label = schema.title ?? humanise(key);
  if (schema.type === 'object' && schema.properties) {
    const fieldGroup = buildFields(schema, readonly);
    return { field: { key, wrappers: ['group'], props: { label }, fieldGroup }, group, advanced };
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
  };
  return { field, group, advanced };
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
