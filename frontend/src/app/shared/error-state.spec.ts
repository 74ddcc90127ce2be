import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type ErrorInfo, ErrorState } from './error-state';
import { RECOVERY } from './recovery';

const AWAY: ErrorInfo = {
  title: 'Away',
  detail: 'No answer.',
  correlationId: null,
  errors: [],
  outage: true,
};

describe('an error state', () => {
  const recoveries = signal(0);
  const awaited = signal(true);

  function show(error: ErrorInfo, retryable = true) {
    TestBed.configureTestingModule({
      providers: [{ provide: RECOVERY, useValue: { awaited, count: recoveries } }],
    });
    const fixture = TestBed.createComponent(ErrorState);
    fixture.componentRef.setInput('error', error);
    fixture.componentRef.setInput('retryable', retryable);
    let retries = 0;
    fixture.componentInstance.retry.subscribe(() => (retries += 1));
    TestBed.tick();
    const recover = () => {
      recoveries.update((count) => count + 1);
      TestBed.tick();
    };
    const element = fixture.nativeElement as HTMLElement;
    const text = () => element.textContent;
    const close = () => {
      element.querySelector('button')?.click();
      TestBed.tick();
    };
    const fail = (next: ErrorInfo) => {
      fixture.componentRef.setInput('error', next);
      TestBed.tick();
    };
    const shown = () => getComputedStyle(element).display !== 'none';
    return { close, fail, recover, retries: () => retries, shown, text };
  }

  it('tries again by itself each time the connection comes back, and says so', () => {
    const state = show(AWAY);
    expect(state.text()).toContain('tried again by itself');
    expect(state.retries()).toBe(0);
    state.recover();
    state.recover();
    expect(state.retries()).toBe(2);
  });

  it('leaves alone what was refused', () => {
    const state = show({ ...AWAY, outage: false });
    state.recover();
    expect(state.retries()).toBe(0);
    expect(state.text()).not.toContain('by itself');
  });

  it('promises nothing while the server is there', () => {
    awaited.set(false);
    expect(show(AWAY).text()).not.toContain('by itself');
    awaited.set(true);
  });

  it('never repeats an action, and tells of it in the past tense once the server is back', () => {
    const state = show(AWAY, false);
    expect(state.text()).toContain('No answer.');
    state.recover();
    expect(state.retries()).toBe(0);
    expect(state.text()).toContain('Kuber could not be reached');
    expect(state.text()).not.toContain('No answer.');
  });

  it('can be closed then, until something fails anew', () => {
    const state = show(AWAY, false);
    state.recover();
    state.close();
    expect(state.shown()).toBe(false);
    state.fail({ ...AWAY, detail: 'Again no answer.' });
    expect(state.shown()).toBe(true);
    expect(state.text()).toContain('Again no answer.');
  });

  it('stays as it is when an action was refused by a server that was there', () => {
    const state = show({ ...AWAY, outage: false }, false);
    state.recover();
    expect(state.text()).toContain('No answer.');
    expect(state.text()).not.toContain('Close');
  });

  it('says once what is wrong, and what to do about it', () => {
    const NUL = 'A text holds a NUL character.';
    const remedy = 'Remove the NUL character.';
    const others = [{ message: 'Enter a number.' }];
    const { text } = show({ ...AWAY, detail: NUL, errors: [{ message: NUL, remedy }, ...others] });
    expect(text()?.split(NUL)).toHaveLength(2);
    expect(text()).toContain(remedy);
    expect(text()).toContain('Enter a number.');
  });
});
