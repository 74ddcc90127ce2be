import { TestBed } from '@angular/core/testing';
import { SYMBOL_SEARCH } from '../symbol-picker/symbol-search';
import { SchemaForm, type SchemaFormChange } from './schema-form';

const SCHEMA = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', title: 'Name', minLength: 1, description: 'Shown in the run.' },
    bars: { type: 'integer', title: 'Bars', minimum: 10, default: 50, 'x-unit': 'bars' },
    side: { enum: ['buy', 'sell'], title: 'Side', default: 'buy', 'x-group': 'Order' },
    depth: { type: 'number', title: 'Depth', default: 1, 'x-advanced': true },
  },
};

async function render(
  value: Record<string, unknown>,
  schema: object = SCHEMA,
  faults: Record<string, string> = {},
) {
  TestBed.configureTestingModule({
    providers: [{ provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) }],
  });
  const fixture = TestBed.createComponent(SchemaForm);
  fixture.componentRef.setInput('schema', schema);
  fixture.componentRef.setInput('faults', faults);
  fixture.componentRef.setInput('value', value);
  const changes: SchemaFormChange[] = [];
  fixture.componentInstance.changed.subscribe((change) => changes.push(change));
  await fixture.whenStable();
  const page = fixture.nativeElement as HTMLElement;
  const type = async (label: string, text: string) => {
    const caption = [...page.querySelectorAll('label')].find((l) => l.textContent === label)!;
    const input = page.querySelector<HTMLInputElement | HTMLTextAreaElement>(
      `#${caption.htmlFor}`,
    )!;
    input.value = text;
    input.dispatchEvent(new Event('input'));
    await fixture.whenStable();
  };
  return { page, changes, type };
}

describe('SchemaForm', () => {
  it('draws labels, help, units, groups and the advanced section', async () => {
    const { page } = await render({ name: 'A' });
    expect([...page.querySelectorAll('label')].map((label) => label.textContent)).toEqual([
      'Name',
      'Bars',
      'Side',
      'Depth',
    ]);
    expect(page.textContent).toContain('Shown in the run.');
    expect(page.querySelector('.k-unit')?.textContent).toBe('bars');
    expect(page.querySelector('legend')?.textContent).toBe('Order');
    expect(page.querySelector('summary')?.textContent).toContain('Advanced');
  });

  it('leaves the schema as it was, so that nothing of a closed form hangs on it', async () => {
    const labels = { buy: 'Buy', sell: 'Sell' };
    const side = { enum: ['buy', 'sell'], title: 'Side', 'x-enum-labels': labels };
    await render({ side: 'buy' }, { type: 'object', properties: { side } });
    const watched = Object.values(Object.getOwnPropertyDescriptors(labels)).map(({ get }) => get);
    expect(watched).toEqual([undefined, undefined]);
  });

  it('reports each change with its type kept', async () => {
    const { changes, type } = await render({ name: 'A' });
    await type('Bars', '75');
    expect(changes.at(-1)?.value['bars']).toBe(75);
    expect(changes.at(-1)?.valid).toBe(true);
  });

  it('reports an invalid value as such and says why under the field', async () => {
    const { page, changes, type } = await render({ name: 'A' });
    await type('Bars', '3');
    expect(changes.at(-1)).toMatchObject({ value: { bars: 3 }, valid: false });
    expect(page.querySelector('[role=alert]')?.textContent).toContain('Must be at least 10.');
  });

  it('says what a number stands for once it is emptied', async () => {
    const { page, changes, type } = await render({ name: 'A', bars: 75 });
    expect(page.textContent).not.toContain('Empty:');
    await type('Bars', '');
    expect(page.textContent).toContain('Empty: 50 bars.');
    const field = page.querySelector<HTMLInputElement>('k-number-field input')!;
    expect([field.value, field.placeholder]).toEqual(['', '50']);
    expect(changes.at(-1)).toEqual({
      value: { name: 'A', side: 'buy', depth: 1 },
      valid: true,
    });
  });

  it('opens the advanced section on a fault in it', async () => {
    const { page } = await render({ name: 'A', depth: 'deep' });
    expect(page.querySelector('details')?.open).toBe(true);
    expect(page.querySelector('details [role=alert]')?.textContent).toBe('Enter a number.');
  });

  it('shows what is wrong with a value that it is given', async () => {
    const { page } = await render({ name: '' });
    expect(page.querySelector('[role=alert]')?.textContent).toContain('This is needed.');
  });
});

describe('SchemaForm with fields that depend on another', () => {
  const when = (...values: string[]) => ({ 'x-show-when': { field: 'method', in: values } });
  const schema = {
    type: 'object',
    required: ['note'],
    properties: {
      method: { enum: ['cross', 'range'], title: 'Method', default: 'cross' },
      fast: { type: 'integer', title: 'Fast', default: 5, 'x-group': 'Cross', ...when('cross') },
      bars: { type: 'integer', title: 'Bars', maximum: 9, 'x-group': 'Range', ...when('range') },
      note: { type: 'string', title: 'Note', 'x-widget': 'code' },
    },
  };
  const captions = (page: HTMLElement) =>
    [...page.querySelectorAll('label')]
      .filter((label) => label.closest<HTMLElement>('formly-field')?.checkVisibility?.() ?? true)
      .map((label) => label.textContent);

  it('shows them, and the title above them, only when they apply', async () => {
    const { page } = await render({ method: 'cross', note: 'a' }, schema);
    expect(captions(page)).toEqual(['Method', 'Note', 'Fast']);
    expect(page.textContent).not.toContain('Range');
  });

  it('goes by the default when nothing was chosen', async () => {
    const { page } = await render({ note: 'a' }, schema);
    expect(captions(page)).toContain('Fast');
  });

  it('keeps the value of what is hidden', async () => {
    const { page, changes, type } = await render({ method: 'range', fast: 8, note: 'a' }, schema);
    expect(captions(page)).toEqual(['Method', 'Note', 'Bars']);
    await type('Bars', '4');
    expect(changes.at(-1)).toEqual({
      value: { method: 'range', fast: 8, bars: 4, note: 'a' },
      valid: true,
    });
  });

  it('does not hide a value that breaks its schema', async () => {
    const { page } = await render({ method: 'cross', bars: 20, note: 'a' }, schema);
    expect(captions(page)).toContain('Bars');
    expect(page.querySelector('[role=alert]')?.textContent).toContain('Must be at most 9.');
  });

  it('asks for an expression that is needed', async () => {
    const { page } = await render({ method: 'cross', note: '' }, schema);
    expect(page.querySelector('[role=alert]')?.textContent).toBe('This is needed.');
    expect(page.querySelector('textarea')?.getAttribute('aria-invalid')).toBe('true');
  });

  it('shows what the server says about a field until it changes', async () => {
    const faults = { note: 'A cron expression has five fields, not 1.' };
    const { page, type } = await render({ method: 'cross', note: 'x' }, schema, faults);
    expect(page.querySelector('[role=alert]')?.textContent).toContain('five fields');
    await type('Note', 'y');
    expect(page.querySelector('[role=alert]')).toBeNull();
  });
});
