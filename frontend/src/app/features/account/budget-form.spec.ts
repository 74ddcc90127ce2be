import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { BudgetForm } from './budget-form';

const STORED = { per_run: '2.50', per_day: '20.00', spent_today: '0.0031' };

describe('the form of the budget', () => {
  let told: string[];

  async function open() {
    told = [];
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        { provide: MatSnackBar, useValue: { open: (text: string) => told.push(text) } },
      ],
    });
    const fixture = TestBed.createComponent(BudgetForm);
    fixture.detectChanges();
    const page = fixture.nativeElement as HTMLElement;
    const settle = () => settled(fixture);
    (await asked('GET', '/budgets')).flush(STORED);
    await settle();
    const field = (id: string) => page.querySelector<HTMLInputElement>(`#${id}`)!;
    const type = async (id: string, text: string) => {
      field(id).value = text;
      field(id).dispatchEvent(new Event('input'));
      await settle();
    };
    const button = () => page.querySelector('button')!;
    const save = async () => {
      button().click();
      await settle();
    };
    return { page, settle, field, type, button, save };
  }

  it('shows what is stored, and has nothing to save then', async () => {
    const { page, field, button } = await open();
    expect([field('per-run').value, field('per-day').value]).toEqual(['2.50', '20.00']);
    expect(page.textContent).toContain('Spent today $0.0031');
    expect(button().disabled).toBe(true);
  });

  it('stores what was typed, and shows what the server made of it', async () => {
    const { settle, field, type, button, save } = await open();
    await type('per-run', '3');
    await type('per-day', '');
    await save();
    const call = await asked('PUT', '/budgets');
    expect(call.request.body).toEqual({ per_run: '3', per_day: null });
    call.flush({ ...STORED, per_run: '3.00', per_day: '50.00' });
    await settle();
    expect([field('per-run').value, field('per-day').value]).toEqual(['3.00', '50.00']);
    expect([told, button().disabled]).toEqual([['Budget saved'], true]);
  });

  it('says what is no amount, and does not save it', async () => {
    const { page, field, type, button } = await open();
    for (const text of ['-1', '1,5', 'ten', '1.']) {
      await type('per-day', text);
      expect(page.querySelector('[role=alert]')?.textContent).toContain('such as 20.00');
      expect(field('per-day').getAttribute('aria-invalid')).toBe('true');
      expect(button().disabled).toBe(true);
    }
    await type('per-day', '15');
    expect([page.querySelector('[role=alert]'), button().disabled]).toEqual([null, false]);
  });

  it('keeps what was typed when it was refused, to be saved again', async () => {
    const { page, settle, field, type, button, save } = await open();
    await type('per-run', '7');
    await save();
    refuse(await asked('PUT', '/budgets'), 'Too much.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('Too much.');
    expect([field('per-run').value, button().disabled, told]).toEqual(['7', false, []]);
  });

  it('keeps what was typed while the answer was on its way', async () => {
    const { settle, field, type, save } = await open();
    await type('per-run', '3');
    await save();
    await type('per-run', '4');
    (await asked('PUT', '/budgets')).flush({ ...STORED, per_run: '3.00' });
    await settle();
    expect(field('per-run').value).toBe('4');
  });
});
