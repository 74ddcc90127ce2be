import { TestBed } from '@angular/core/testing';
import { SymbolPicker } from './symbol-picker';
import { SYMBOL_SEARCH, type SymbolOption } from './symbol-search';
import { SAMPLE } from './testing';

const FOUND = [
  { symbol: 'MSFT', name: 'Microsoft', source: 'simulated', simulated: true, others: [SAMPLE] },
];

describe('a symbol picker', () => {
  const list = () => document.querySelectorAll('mat-option');

  async function type(text: string, found: readonly SymbolOption[]) {
    const search = vi.fn(() => Promise.resolve(found));
    TestBed.configureTestingModule({ providers: [{ provide: SYMBOL_SEARCH, useValue: search }] });
    const picker = TestBed.createComponent(SymbolPicker);
    picker.componentInstance.valueChange.subscribe((symbol) =>
      picker.componentRef.setInput('value', symbol),
    );
    document.body.append(picker.nativeElement);
    await picker.whenStable();
    const box = picker.nativeElement.querySelector('input') as HTMLInputElement;
    box.focus();
    box.value = text;
    box.dispatchEvent(new Event('input', { bubbles: true }));
    const enter = async () => {
      const press = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
      box.dispatchEvent(press);
      await picker.whenStable();
      return press.defaultPrevented;
    };
    return { enter, value: () => picker.componentInstance.value() };
  }

  it('takes the first match on Enter, and leaves only the next one to the form', async () => {
    const { enter, value } = await type('msf', FOUND);
    await vi.waitFor(() => expect(list()).toHaveLength(1));
    expect(list()[0]?.textContent).toContain('Simulated · sample 2004 to 2013');
    expect(await enter()).toBe(true);
    await vi.waitFor(() => expect(value()).toBe('MSFT'));
    await vi.waitFor(() => expect(list()).toHaveLength(0));
    expect(await enter()).toBe(false);
  });

  it('takes the symbol itself where others are found before it', async () => {
    const { enter, value } = await type('f', [...FOUND, { ...FOUND[0]!, symbol: 'F' }]);
    await enter(); // before the list is there
    await vi.waitFor(() => expect(value()).toBe('F'));
  });

  it('opens no list by the focus alone, as of a dialog that opens', async () => {
    const search = vi.fn(() => Promise.resolve(FOUND));
    TestBed.configureTestingModule({ providers: [{ provide: SYMBOL_SEARCH, useValue: search }] });
    const picker = TestBed.createComponent(SymbolPicker);
    document.body.append(picker.nativeElement);
    await picker.whenStable();
    const box = picker.nativeElement.querySelector('input') as HTMLInputElement;
    box.focus();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(search).not.toHaveBeenCalled();
    box.click();
    await vi.waitFor(() => expect(list()).toHaveLength(1));
  });

  it('takes what was typed on Enter where nothing is found', async () => {
    const { enter, value } = await type('nope', []);
    await enter();
    await vi.waitFor(() => expect(value()).toBe('NOPE'));
  });

  it('takes what was typed as soon as it is left, so that a button beside it goes by that', async () => {
    const search = () => Promise.resolve(FOUND);
    TestBed.configureTestingModule({ providers: [{ provide: SYMBOL_SEARCH, useValue: search }] });
    const picker = TestBed.createComponent(SymbolPicker);
    const [chosen, typed]: [string[], string[]] = [[], []];
    picker.componentInstance.valueChange.subscribe((symbol) => chosen.push(symbol));
    picker.componentInstance.typed.subscribe((symbol) => typed.push(symbol));
    document.body.append(picker.nativeElement);
    await picker.whenStable();
    const box = picker.nativeElement.querySelector('input') as HTMLInputElement;
    box.focus();
    box.value = 'ms ';
    box.dispatchEvent(new Event('input', { bubbles: true }));
    expect([chosen, typed]).toEqual([[], ['MS']]);
    await vi.waitFor(() => expect(list()).toHaveLength(1));
    const press = new MouseEvent('mousedown', { cancelable: true, bubbles: true });
    list()[0]!.dispatchEvent(press);
    expect(press.defaultPrevented).toBe(true); // a pick does not leave the field
    box.blur();
    expect([chosen, typed]).toEqual([['MS'], ['MS', 'MS']]);
  });

  it('makes its list as wide as a field that has room for names, once it is known how wide', async () => {
    let width = 300;
    vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockImplementation(() => width);
    const search = () => Promise.resolve(FOUND);
    TestBed.configureTestingModule({ providers: [{ provide: SYMBOL_SEARCH, useValue: search }] });
    const picker = TestBed.createComponent(SymbolPicker);
    picker.componentRef.setInput('listWidth', 'field');
    document.body.append(picker.nativeElement);
    await picker.whenStable();
    picker.nativeElement.querySelector('input').click();
    width = 392;
    await vi.waitFor(() => expect(list()).toHaveLength(1));
    const pane = () => list()[0]!.closest<HTMLElement>('.cdk-overlay-pane')!;
    await vi.waitFor(() => expect(pane().style.width).toBe('392px'));
    vi.restoreAllMocks();
  });
});
