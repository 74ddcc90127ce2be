import { TestBed } from '@angular/core/testing';
import { SymbolPicker } from './symbol-picker';
import { SYMBOL_SEARCH } from './symbol-search';
import { SAMPLE } from './testing';

const FOUND = [
  { symbol: 'MSFT', name: 'Microsoft', source: 'simulated', simulated: true, others: [SAMPLE] },
];

describe('a symbol picker', () => {
  const list = () => document.querySelectorAll('mat-option');

  it('takes what was typed on Enter and closes its list for good', async () => {
    const search = vi.fn(() => Promise.resolve(FOUND));
    TestBed.configureTestingModule({ providers: [{ provide: SYMBOL_SEARCH, useValue: search }] });
    const picker = TestBed.createComponent(SymbolPicker);
    picker.componentInstance.valueChange.subscribe((symbol) =>
      picker.componentRef.setInput('value', symbol),
    );
    document.body.append(picker.nativeElement);
    await picker.whenStable();
    const box = picker.nativeElement.querySelector('input') as HTMLInputElement;
    box.focus();
    box.value = 'msf';
    box.dispatchEvent(new Event('input', { bubbles: true }));
    await vi.waitFor(() => expect(list()).toHaveLength(1));
    expect(list()[0]?.textContent).toContain('Simulated · sample 2004 to 2013');
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await vi.waitFor(() => expect(search).toHaveBeenLastCalledWith(''));
    await picker.whenStable();
    expect(picker.componentInstance.value()).toBe('MSF');
    expect(list()).toHaveLength(0);
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
    picker.nativeElement.querySelector('input').focus();
    width = 392;
    await vi.waitFor(() => expect(list()).toHaveLength(1));
    const pane = () => list()[0]!.closest<HTMLElement>('.cdk-overlay-pane')!;
    await vi.waitFor(() => expect(pane().style.width).toBe('392px'));
    vi.restoreAllMocks();
  });
});
