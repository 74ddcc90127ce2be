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

async function render(value: Record<string, unknown>) {
  TestBed.configureTestingModule({
    providers: [{ provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) }],
  });
  const fixture = TestBed.createComponent(SchemaForm);
  fixture.componentRef.setInput('schema', SCHEMA);
  fixture.componentRef.setInput('value', value);
  const changes: SchemaFormChange[] = [];
  fixture.componentInstance.changed.subscribe((change) => changes.push(change));
  await fixture.whenStable();
  const page = fixture.nativeElement as HTMLElement;
  const type = async (label: string, text: string) => {
    const caption = [...page.querySelectorAll('label')].find((l) => l.textContent === label)!;
    const input = page.querySelector<HTMLInputElement>(`#${caption.htmlFor}`)!;
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

  it('shows what is wrong with a value that it is given', async () => {
    const { page } = await render({ name: '' });
    expect(page.querySelector('[role=alert]')?.textContent).toContain('This is needed.');
  });
});
