import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { pollWhileVisible } from './poll';

let turns = 0;
let answer: () => Promise<void> = () => Promise.resolve();

@Component({ selector: 'k-polling', template: '' })
class Polling {
  constructor() {
    pollWhileVisible(1_000, () => {
      turns += 1;
      return answer();
    });
  }
}

function show(visible: boolean): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(!visible);
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('pollWhileVisible', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    turns = 0;
    answer = () => Promise.resolve();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('works at every interval until its owner is gone', async () => {
    const owner = TestBed.createComponent(Polling);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(turns).toBe(2);
    owner.destroy();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(turns).toBe(2);
  });

  it('rests while the tab is hidden and starts at once when it is back', async () => {
    TestBed.createComponent(Polling);
    show(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(turns).toBe(0);
    show(true);
    expect(turns).toBe(1);
  });

  it('waits for a slow answer and goes on after a failed one', async () => {
    answer = () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error()), 5_000));
    TestBed.createComponent(Polling);
    await vi.advanceTimersByTimeAsync(5_500);
    expect(turns).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(turns).toBe(2);
  });
});
