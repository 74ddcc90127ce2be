import { TestBed } from '@angular/core/testing';
import { HoldButton } from './hold-button';

describe('a button that is held', () => {
  let held: number;

  function make(disabled = false) {
    held = 0;
    const fixture = TestBed.createComponent(HoldButton);
    fixture.componentRef.setInput('label', 'Close 3 positions');
    fixture.componentRef.setInput('disabled', disabled);
    fixture.componentInstance.held.subscribe(() => (held += 1));
    fixture.detectChanges();
    const page = fixture.nativeElement as HTMLElement;
    const button = page.querySelector('button')!;
    const does = (event: Event) => {
      button.dispatchEvent(event);
      fixture.detectChanges();
    };
    const key = (type: string, init: KeyboardEventInit = { key: ' ' }) =>
      does(new KeyboardEvent(type, { cancelable: true, ...init }));
    return { page, button, does, key };
  }

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('acts after a second and a half, once', () => {
    const { does } = make();
    does(new PointerEvent('pointerdown', { button: 0 }));
    vi.advanceTimersByTime(1_499);
    expect(held).toBe(0);
    vi.advanceTimersByTime(1);
    does(new PointerEvent('pointerup'));
    does(new MouseEvent('click'));
    vi.advanceTimersByTime(5_000);
    expect(held).toBe(1);
  });

  it('does nothing when it is let go too early, and says so', () => {
    const { page, does } = make();
    does(new PointerEvent('pointerdown', { button: 0 }));
    vi.advanceTimersByTime(900);
    does(new PointerEvent('pointerup'));
    does(new MouseEvent('click'));
    vi.advanceTimersByTime(5_000);
    expect(held).toBe(0);
    expect(page.textContent).toContain('nothing was done');
  });

  it('is held with a key, which repeats meanwhile', () => {
    const { key } = make();
    key('keydown');
    vi.advanceTimersByTime(1_000);
    key('keydown', { key: ' ', repeat: true });
    vi.advanceTimersByTime(500);
    key('keyup');
    expect(held).toBe(1);
  });

  it('takes two presses of what cannot hold', () => {
    const { button, does } = make();
    does(new MouseEvent('click'));
    expect([held, button.textContent.trim().startsWith('dangerous')]).toEqual([0, true]);
    expect(button.textContent).toContain('Press again');
    does(new MouseEvent('click'));
    expect(held).toBe(1);
  });

  it('is dead while it is disabled', () => {
    const { does } = make(true);
    does(new PointerEvent('pointerdown', { button: 0 }));
    vi.advanceTimersByTime(2_000);
    expect(held).toBe(0);
  });
});
