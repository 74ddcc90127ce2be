import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { position } from '@core/trading/testing';
import { CloseDialog, problemOf } from './close-dialog';

describe('the dialog that closes a position', () => {
  function shown(change: Parameters<typeof position>[0] = {}) {
    const closed: unknown[] = [];
    const data = { position: position(change), price: '152' };
    TestBed.configureTestingModule({
      providers: [
        { provide: MAT_DIALOG_DATA, useValue: data },
        { provide: MatDialogRef, useValue: { close: (given: unknown) => closed.push(given) } },
      ],
    });
    const fixture = TestBed.createComponent(CloseDialog);
    fixture.detectChanges();
    const page = fixture.nativeElement as HTMLElement;
    const field = page.querySelector<HTMLInputElement>('#k-close-quantity');
    const act = page.querySelector<HTMLButtonElement>('.k-danger')!;
    const type = (text: string) => {
      field!.value = text;
      field!.dispatchEvent(new Event('input'));
      fixture.detectChanges();
    };
    return { act, closed, field, page, type };
  }

  it('closes all of it, unless a part is given', () => {
    const { act, closed, field, type } = shown();
    expect(field!.value).toBe('42');
    act.click();
    type('12');
    expect(act.textContent).toContain('Close this part');
    act.click();
    expect(closed).toEqual(['42', '12']);
  });

  it('refuses what is not held and what is no quantity, and says so', () => {
    const { act, page, type } = shown();
    type('43');
    expect(act.disabled).toBe(true);
    expect(page.textContent).toContain('Only 42 are held.');
    expect(problemOf('', '42')).toBe('Give a quantity above 0.');
    expect(problemOf('-1', '42')).toBe('Give a quantity above 0.');
    expect(problemOf('42', '42')).toBeNull();
  });

  it('asks for no part of what is not open', () => {
    const { act, closed, field } = shown({ status: 'frozen' });
    expect(field).toBeNull();
    act.click();
    expect(closed).toEqual(['42']);
  });

  it('has the symbol typed where money is real', () => {
    const { act } = shown({ mode: 'live' });
    expect(act.disabled).toBe(true);
  });
});
