/** A node's settings as one line of words for its card. */

import type { AgentSpec } from './catalogue';
import type { Config } from './graph';
import type { Schema } from './schema';
import { propertiesOf, titleOf } from './schema';

const PLACEHOLDER = /\{(\w+)\}/g;
const FALLBACK_FIELDS = 2;

/** Fills the agent's own template from the settings and their defaults. */
export function summaryOf(agent: AgentSpec | undefined, config: Config): string {
  if (!agent) return 'This agent is not installed';
  const properties = new Map(propertiesOf(agent.config_schema));
  const template = agent.config_schema['x-summary'];
  if (typeof template !== 'string') return plainSummary(properties, config);
  const text = template.replace(PLACEHOLDER, (_, name: string) =>
    valueInWords(valueOf(name, properties, config), properties.get(name)),
  );
  return tidy(text);
}

/** Agents without a template: the first settings with a plain value. */
function plainSummary(properties: ReadonlyMap<string, Schema>, config: Config): string {
  const parts: string[] = [];
  for (const [name, schema] of properties) {
    if (schema['x-advanced']) continue;
    const words = valueInWords(valueOf(name, properties, config), schema);
    if (words) parts.push(`${titleOf(name, schema)} ${words}`);
    if (parts.length === FALLBACK_FIELDS) break;
  }
  return parts.join(', ');
}

function valueOf(name: string, properties: ReadonlyMap<string, Schema>, config: Config): unknown {
  return config[name] === undefined ? properties.get(name)?.['default'] : config[name];
}

/** One value as it is read: its label where the schema names one, lists joined, switches as on or off. */
export function valueInWords(value: unknown, schema: Schema | undefined): string {
  if (value === undefined || value === null || value === '') return '';
  if (Array.isArray(value)) return value.map((item) => valueInWords(item, schema)).join(', ');
  if (typeof value === 'object') return '';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  const labels = schema?.['x-enum-labels'] as Readonly<Record<string, string>> | undefined;
  return labels?.[String(value)] ?? String(value);
}

/** The same with its unit: "2 %", "14 bars". */
export function measureInWords(value: unknown, schema: Schema | undefined): string {
  const [words, unit] = [valueInWords(value, schema), schema?.['x-unit']];
  return words && typeof value === 'number' && typeof unit === 'string'
    ? `${words} ${unit}`
    : words;
}

/** Takes away the punctuation that an empty value leaves behind. */
function tidy(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/\(\s*\)/g, '')
    .replace(/(,\s*)+/g, ', ')
    .replace(/^[\s,;:]+|[\s,;:]+$/g, '')
    .trim();
}
