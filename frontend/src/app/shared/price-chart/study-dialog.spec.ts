import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { StudyDialog } from './study-dialog';
import { STUDY_KINDS } from './testing';

async function open() {
  const closed: unknown[] = [];
  const dialog = { close: (found: unknown) => closed.push(found) };
  TestBed.configureTestingModule({
    providers: [
      { provide: MAT_DIALOG_DATA, useValue: STUDY_KINDS },
      { provide: MatDialogRef, useValue: dialog },
    ],
  });
  const fixture = TestBed.createComponent(StudyDialog);
  await fixture.whenStable();
  const page = fixture.nativeElement as HTMLElement;
  const add = [...page.querySelectorAll('button')].find((one) => one.textContent === 'Add');
  const enter = async (value: string) => {
    const input = page.querySelector<HTMLInputElement>('k-schema-form input');
    if (!input) throw new Error('there is no field');
    input.value = value;
    input.dispatchEvent(new Event('input'));
    await fixture.whenStable();
  };
  return { closed, add, enter };
}

describe('the dialog for an indicator', () => {
  it('begins with the first preset and gives what was set', async () => {
    const { closed, add, enter } = await open();
    await enter('33');
    add?.click();
    expect(closed).toEqual([{ name: 'sma', settings: { period: 33 } }]);
  });

  it('adds nothing that its form does not take', async () => {
    const { add, enter } = await open();
    await enter('1');
    expect(add?.disabled).toBe(true);
  });
});
