import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Subject } from 'rxjs';
import { RowAttempt } from './row-attempt';

describe('what is asked of a row', () => {
  const said: string[] = [];
  let pressed: Subject<void>;

  function attempt() {
    said.length = 0;
    pressed = new Subject();
    const open = (text: string, action: string) => {
      said.push(`${text} [${action}]`);
      return { onAction: () => pressed };
    };
    TestBed.configureTestingModule({ providers: [{ provide: MatSnackBar, useValue: { open } }] });
    return TestBed.inject(RowAttempt);
  }

  it('says over the page what was not done and why, and tries again when asked to', async () => {
    const attempts = attempt();
    let tries = 0;
    const act = () => (++tries === 1 ? Promise.reject(new Error('Not now.')) : Promise.resolve());
    expect(await attempts.make('Swing was not deleted', act, 'a')).toBe(false);
    expect(said).toEqual(['Swing was not deleted. Not now. [Retry]']);
    pressed.next();
    await vi.waitFor(() => expect(tries).toBe(2));
    expect(said).toHaveLength(1);
  });

  it('does the same thing once at a time, and other things beside it', async () => {
    const attempts = attempt();
    let end = (): void => undefined;
    let begun = 0;
    const act = () => new Promise<void>((resolve) => ((begun += 1), (end = resolve)));
    const first = attempts.make('No', act, 'a');
    expect(await attempts.make('No', act, 'a')).toBe(false);
    expect(await attempts.make('No', () => Promise.resolve(), 'b')).toBe(true);
    end();
    expect([await first, begun, said]).toEqual([true, 1, []]);
  });
});
