import { violation } from './constraints';

describe('violation', () => {
  it('asks for what is required and lets the rest be empty', () => {
    expect(violation('', { type: 'string' }, true)).toBe('This is needed.');
    expect(violation(undefined, { type: 'string' }, false)).toBeNull();
    expect(violation('', { type: 'string', minLength: 1 }, false)).toBe('This is needed.');
    expect(violation(null, { type: 'string', nullable: true }, true)).toBeNull();
  });

  it('names the limit that a number crosses', () => {
    const schema = { type: 'integer', minimum: 2, maximum: 10 };
    expect(violation(1, schema, true)).toBe('Must be at least 2.');
    expect(violation(11, schema, true)).toBe('Must be at most 10.');
    expect(violation(2.5, schema, true)).toBe('Enter a whole number.');
    expect(violation('abc', schema, true)).toBe('Enter a number.');
    expect(violation(0, { type: 'number', exclusiveMinimum: 0 }, true)).toBe(
      'Must be more than 0.',
    );
  });

  it('checks multiples of decimals without rounding errors', () => {
    const schema = { type: 'number', multipleOf: 0.1 };
    expect(violation(0.3, schema, true)).toBeNull();
    expect(violation(0.35, schema, true)).toBe('Must be a multiple of 0.1.');
  });

  it('checks lists as a whole and item by item', () => {
    const schema = { type: 'array', minItems: 1, items: { type: 'number', exclusiveMinimum: 0 } };
    expect(violation([], schema, true)).toBe('Add at least one.');
    expect(violation([1, -2], schema, true)).toBe('-2: Must be more than 0.');
    expect(violation([1, 2], schema, true)).toBeNull();
  });

  it('leaves patterns of another dialect to the server', () => {
    expect(violation('x', { type: 'string', pattern: '(?P<a>x)' }, true)).toBeNull();
    expect(violation('x', { type: 'string', pattern: '^y$' }, true)).toBe(
      'This does not have the right form.',
    );
  });
});
