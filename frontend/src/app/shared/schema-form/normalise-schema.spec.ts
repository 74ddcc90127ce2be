import type { JsonSchema } from './json-schema';
import { normaliseSchema } from './normalise-schema';

function property(schema: JsonSchema, root: Partial<JsonSchema> = {}): JsonSchema | undefined {
  const object = { type: 'object', properties: { it: schema }, ...root };
  return normaliseSchema(object).properties?.['it'];
}

describe('normaliseSchema', () => {
  it('inlines references and keeps what stands beside them', () => {
    const $defs = { Side: { type: 'string', enum: ['buy', 'sell'], title: 'Side' } };
    const field = property({ $ref: '#/$defs/Side', default: 'buy', title: 'Which' }, { $defs });
    expect(field).toEqual({
      type: 'string',
      enum: ['buy', 'sell'],
      title: 'Which',
      default: 'buy',
    });
  });

  it('turns an optional value into its type, marked nullable', () => {
    const field = property({
      anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }],
      title: 'N',
    });
    expect(field).toEqual({ type: 'integer', minimum: 1, title: 'N', nullable: true });
  });

  it('reads a decimal as a number with its limits', () => {
    const decimal = {
      anyOf: [
        { type: 'number', maximum: 5 },
        { type: 'string', pattern: '^x' },
      ],
    };
    expect(property(decimal)).toEqual({ type: 'number', maximum: 5 });
    const optional = { anyOf: [...decimal.anyOf, { type: 'null' }], default: null };
    expect(property(optional)).toEqual({
      type: 'number',
      maximum: 5,
      nullable: true,
      default: null,
    });
  });

  it('reaches into lists and nested objects', () => {
    const $defs = { Frame: { type: 'string', enum: ['1h', '1d'] } };
    const field = property({ type: 'array', items: { $ref: '#/$defs/Frame' } }, { $defs });
    expect(field?.items).toEqual($defs.Frame);
  });

  it('melts a single allOf into its owner', () => {
    const $defs = { A: { type: 'boolean' } };
    expect(property({ allOf: [{ $ref: '#/$defs/A' }], default: true }, { $defs })).toEqual({
      type: 'boolean',
      default: true,
    });
  });

  it('leaves a true choice of types alone', () => {
    const choice = { anyOf: [{ type: 'boolean' }, { type: 'array' }] };
    expect(property(choice)).toEqual(choice);
  });
});
