import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { SignalTypes } from '@core/signals/signal-types';
import { type PeriodicStart, readTrigger, type SignalStart, USUAL_HOURS } from '../domain/trigger';
import { EditorApi } from '../state/editor-api';
import { ScheduleFields } from './schedule-fields';
import { SignalFields } from './signal-fields';

const TYPES = ['golden_cross', 'rsi_reversal', 'volume_spike'];

describe('fields of a trigger that are changed twice before they are drawn again', () => {
  it('keeps both changes of a schedule', async () => {
    let start = readTrigger({ kind: 'periodic' }) as PeriodicStart;
    const fixture = TestBed.createComponent(ScheduleFields);
    fixture.componentRef.setInput('value', start);
    fixture.componentInstance.changed.subscribe((edit) => (start = edit(start)));
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const often = [...page.querySelectorAll<HTMLButtonElement>('.quick button')];
    often.find((button) => button.textContent?.trim() === '15 min')!.click();
    const symbols = page.querySelector<HTMLInputElement>('#symbols')!;
    symbols.value = 'AAPL';
    symbols.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    expect(start).toMatchObject({ every_minutes: 15, symbols: ['AAPL'] });
  });

  it('turns a schedule into one that goes on and on, and says what its minutes mean then', async () => {
    let start = readTrigger({ kind: 'periodic', every_minutes: 30 }) as PeriodicStart;
    const fixture = TestBed.createComponent(ScheduleFields);
    fixture.componentInstance.changed.subscribe((edit) => (start = edit(start)));
    const draw = async () => {
      fixture.componentRef.setInput('value', start);
      await fixture.whenStable();
      return fixture.nativeElement as HTMLElement;
    };
    const labelled = (page: HTMLElement) => page.querySelector('label[for="every"]')!.textContent;
    const page = await draw();
    expect(labelled(page)).toContain('Every');
    page.querySelector<HTMLButtonElement>('[role=switch]')!.click();
    expect(start).toMatchObject({ continuous: true, every_minutes: 30 });
    await draw();
    expect(labelled(page)).toContain('After a run that failed');
    expect(page.textContent).toContain('One run follows another');
  });

  it('takes over hours that can be, and says what is wrong with others', async () => {
    let start = readTrigger({ kind: 'periodic', window: USUAL_HOURS }) as PeriodicStart;
    const fixture = TestBed.createComponent(ScheduleFields);
    fixture.componentInstance.changed.subscribe((edit) => (start = edit(start)));
    const draw = async () => {
      fixture.componentRef.setInput('value', start);
      await fixture.whenStable();
      return fixture.nativeElement as HTMLElement;
    };
    const enter = async (label: string, time: string) => {
      const field = (await draw()).querySelector<HTMLInputElement>(`[aria-label="${label}"]`)!;
      field.value = time;
      field.dispatchEvent(new Event('change'));
      return draw();
    };
    await enter('From', '22:00');
    expect((await enter('To', '00:00')).textContent).not.toContain('Over midnight');
    expect(start.window).toEqual({ ...USUAL_HOURS, from: '22:00', to: '24:00' });
    expect((await enter('To', '06:00')).textContent).toContain('Over midnight');
    const page = await enter('To', '22:00');
    expect(page.querySelector('[role="alert"]')?.textContent).toContain('another time');
    expect(start.window).toMatchObject({ from: '22:00', to: '06:00' });
    const days = [...page.querySelectorAll<HTMLButtonElement>('mat-button-toggle button')];
    days[5]!.click();
    expect(start.window?.days).toEqual(['mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
  });

  it('keeps both subscriptions', async () => {
    const named = TYPES.map((signal_type) => ({ signal_type, name: signal_type }));
    TestBed.configureTestingModule({
      providers: [
        provideRouter([]),
        { provide: EditorApi, useValue: { scanners: () => Promise.resolve([]) } },
        {
          provide: SignalTypes,
          useValue: { all: () => named, nameOf: (signalType: string) => signalType },
        },
      ],
    });
    let start = readTrigger({ kind: 'signal' }) as SignalStart;
    const fixture = TestBed.createComponent(SignalFields);
    fixture.componentRef.setInput('value', start);
    fixture.componentRef.setInput('pipelineId', 'p');
    fixture.componentInstance.changed.subscribe((edit) => (start = edit(start)));
    await fixture.whenStable();
    const add = (fixture.nativeElement as HTMLElement).querySelector<HTMLButtonElement>(
      'ul + button',
    )!;
    add.click();
    add.click();
    expect(start.subscriptions.map((item) => item.signal_type)).toEqual(TYPES.slice(0, 2));
  });
});

describe('the directions of a subscription', () => {
  it('are chosen one by one, in one order, and the last one stays', async () => {
    TestBed.configureTestingModule({
      providers: [
        provideRouter([]),
        { provide: EditorApi, useValue: { scanners: () => Promise.resolve([]) } },
        { provide: SignalTypes, useValue: { all: () => [], nameOf: (type: string) => type } },
      ],
    });
    let start = readTrigger({
      kind: 'signal',
      subscriptions: [{ signal_type: 'rsi', directions: ['NEUTRAL'] }],
    }) as SignalStart;
    const fixture = TestBed.createComponent(SignalFields);
    const show = async () => {
      fixture.componentRef.setInput('value', start);
      await fixture.whenStable();
    };
    fixture.componentRef.setInput('pipelineId', 'p');
    fixture.componentInstance.changed.subscribe((edit) => (start = edit(start)));
    await show();
    const toggle = (label: string) =>
      [...(fixture.nativeElement as HTMLElement).querySelectorAll('mat-button-toggle button')]
        .find((button) => button.textContent?.trim() === label)!
        .dispatchEvent(new MouseEvent('click', { bubbles: true }));
    toggle('Flat');
    await show();
    toggle('Bullish');
    expect(start.subscriptions[0]?.directions).toEqual(['BULLISH', 'NEUTRAL', 'FLAT']);
    await show();
    for (const label of ['Bullish', 'Neutral', 'Flat']) {
      toggle(label);
      await show();
    }
    expect(start.subscriptions[0]?.directions).toEqual(['FLAT']);
  });
});
