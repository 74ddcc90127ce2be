import { TestBed } from '@angular/core/testing';
import { MatDialog, MatDialogState } from '@angular/material/dialog';
import { confirm } from './confirm-dialog';

const DELETE = { title: 'Delete it?', text: 'This cannot be undone.', action: 'Delete' };

describe('a question before something that cannot be undone', () => {
  function ask(typedName?: string) {
    const dialogs = TestBed.inject(MatDialog);
    const answer = confirm(dialogs, { ...DELETE, typedName });
    TestBed.tick();
    const dialog = document.querySelector<HTMLElement>('k-confirm-dialog')!;
    const button = (name: string) =>
      [...dialog.querySelectorAll('button')].find((it) => it.textContent.trim() === name)!;
    const field = dialog.querySelector('input');
    const type = (text: string) => {
      field!.value = text;
      field!.dispatchEvent(new Event('input'));
      TestBed.tick();
    };
    const enter = () => field!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    const open = () => dialogs.openDialogs[0]?.getState() === MatDialogState.OPEN;
    return { answer, button, field, type, enter, open, dialogs };
  }

  it('is agreed to by the button that names the action', async () => {
    const { answer, button, field } = ask();
    expect(field).toBeNull();
    button('Delete').click();
    expect(await answer).toBe(true);
  });

  it('is declined by Cancel, and by closing it', async () => {
    const first = ask();
    first.button('Cancel').click();
    expect(await first.answer).toBe(false);
    const second = ask();
    second.dialogs.closeAll();
    expect(await second.answer).toBe(false);
  });

  it('wants the name typed first where one is asked for', async () => {
    const { answer, button, type, enter, open } = ask('Swing');
    for (const text of ['', 'Swin', 'swing']) {
      type(text);
      enter();
      expect([button('Delete').disabled, open()]).toEqual([true, true]);
    }
    type(' Swing ');
    expect(button('Delete').disabled).toBe(false);
    enter();
    expect(await answer).toBe(true);
  });
});
