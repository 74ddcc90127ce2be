import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { EMPTY_GRAPH } from '../domain/graph';
import { readTrigger, type Start } from '../domain/trigger';
import { Autosave } from '../state/autosave';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { RunSession } from '../state/run-session';
import { StartSwitch } from '../state/start-switch';
import { PublishDialog, type PublishPurpose } from './publish-dialog';

const HOURLY = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });

describe('the dialog that publishes', () => {
  const active = signal(false);
  const trigger = signal<Start>(HOURLY);
  const problems = signal(0);
  const facts = signal<{ publishedTrigger: Start } | null>(null);
  const stuck = signal(false);
  const did: unknown[] = [];
  let done = true;

  async function open(purpose: PublishPurpose = 'publish') {
    did.length = 0;
    TestBed.configureTestingModule({
      providers: [
        { provide: MAT_DIALOG_DATA, useValue: purpose },
        { provide: MatDialogRef, useValue: { close: (result: boolean) => did.push(result) } },
        { provide: Autosave, useValue: { stuck, reason: () => 'Changed elsewhere.' } },
        { provide: EditorStore, useValue: { graph: () => EMPTY_GRAPH } },
        { provide: PipelineDocument, useValue: { name: () => 'Clock', trigger, facts } },
        { provide: ProblemList, useValue: { count: problems } },
        {
          provide: Publication,
          useValue: {
            version: () => 2,
            differs: () => true,
            graph: () => EMPTY_GRAPH,
            failure: () => undefined,
            startChanges: () => ['Starts otherwise'],
            graphChanges: () => ['Report added'],
          },
        },
        {
          provide: Publisher,
          useValue: {
            busy: () => false,
            problem: () => null,
            refusedFor: () => false,
            publish: (body: unknown) => Promise.resolve(did.push(body) > 0 && done),
          },
        },
        { provide: RunSession, useValue: { showNextProblem: () => did.push('led') } },
        {
          provide: StartSwitch,
          useValue: {
            active,
            busy: () => false,
            problem: () => null,
            turn: (on: boolean) => Promise.resolve(did.push(`turned ${on}`) > 0),
          },
        },
      ],
    });
    const fixture = TestBed.createComponent(PublishDialog);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const type = (id: string, text: string) =>
      (page.querySelector<HTMLInputElement>(`#${id}`)!.value = text);
    const press = async (name: string) => {
      const buttons = [...page.querySelectorAll('button')];
      buttons.find((button) => button.textContent.trim() === name)!.click();
      await fixture.whenStable();
    };
    return { page, type, press };
  }

  beforeEach(() => {
    active.set(false);
    trigger.set(HOURLY);
    problems.set(0);
    facts.set(null);
    stuck.set(false);
    done = true;
  });

  it('tells what changes, and hands on a name and a note', async () => {
    const { page, type, press } = await open();
    const items = [...page.querySelectorAll('li')].map((item) => item.textContent);
    expect(items).toEqual(['Starts otherwise', 'Report added']);
    type('publish-name', ' Calm ');
    type('publish-note', '');
    await press('Publish');
    expect(did).toEqual([{ name: 'Calm', note: null }, true]);
  });

  it('says of an active pipeline what takes the place of what', async () => {
    active.set(true);
    const { page } = await open();
    expect(page.textContent).toContain(
      'version 3 takes the place of version 2 at once, and starts every hour on AAPL.',
    );
  });

  it('switches off first what would start nothing by itself, and says so', async () => {
    active.set(true);
    trigger.set({ kind: 'manual' });
    const { page, press } = await open();
    expect(page.textContent).toContain('it is switched off first');
    await press('Switch off and publish');
    expect(did).toEqual(['turned false', { name: null, note: null }, true]);
  });

  it('switches on what was published', async () => {
    const { press } = await open('switch-on');
    await press('Publish and switch on');
    expect(did).toEqual([{ name: null, note: null }, 'turned true', true]);
  });

  it('switches on what is published already, and leaves the draft alone', async () => {
    facts.set({ publishedTrigger: HOURLY });
    problems.set(1);
    const { press } = await open('switch-on');
    await press('Switch on version 2');
    expect(did).toEqual(['turned true', true]);
  });

  it('offers that only where it is to be switched on, and would start something', async () => {
    const offers = async (purpose: PublishPurpose, start: Start) => {
      TestBed.resetTestingModule();
      facts.set({ publishedTrigger: start });
      return (await open(purpose)).page.textContent.includes('Switch on version 2');
    };
    const onNothing = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: [] });
    expect(await offers('switch-on', HOURLY)).toBe(true);
    expect(await offers('publish', HOURLY)).toBe(false);
    expect(await offers('switch-on', { kind: 'manual' })).toBe(false);
    expect(await offers('switch-on', onNothing)).toBe(false);
  });

  it('stays open when it was not done, and says when somebody else was faster', async () => {
    done = false;
    const { page, press } = await open();
    await press('Publish');
    stuck.set(true);
    await press('Publish');
    expect(did).not.toContain(false);
    expect(page.querySelector('[role=alert]')?.textContent).toContain('Changed elsewhere.');
    await press('Close');
    expect(did.at(-1)).toBe(false);
  });

  it('leads to the problems in its way', async () => {
    problems.set(1);
    const { page, press } = await open();
    expect(page.textContent).toContain('It cannot be published as it is: 1 problem.');
    await press('Show the problem');
    expect(did).toEqual([false, 'led']);
  });
});
