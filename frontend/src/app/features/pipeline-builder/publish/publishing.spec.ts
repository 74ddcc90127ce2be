import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MatDialog } from '@angular/material/dialog';
import { of } from 'rxjs';
import { Autosave } from '../state/autosave';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { RunSession } from '../state/run-session';
import { StartSwitch } from '../state/start-switch';
import { problem } from '../state/testing';
import { Publishing } from './publishing';

describe('pressing Publish', () => {
  const active = signal(false);
  const differs = signal(true);
  const problems = signal(0);
  const did: string[] = [];
  let done = true;
  const stuck = signal(false);
  let publishing: Publishing;

  beforeEach(() => {
    active.set(false);
    differs.set(true);
    problems.set(0);
    stuck.set(false);
    did.length = 0;
    done = true;
    const note = (what: string) => () => void did.push(what);
    const publisher = {
      publish: () => Promise.resolve(did.push('published') > 0 && done),
      dismiss: () => undefined,
      refusedFor: () => false,
      problem: () => problem(429, 'too_many'),
    };
    const session = {
      showNextProblem: note('led to the problem'),
      refuse: (text: string) => void did.push(text),
      refusal: { set: () => undefined },
    };
    const dialogs = {
      open: (_dialog: unknown, { data }: { data: string }) => {
        did.push(`asked: ${data}`);
        return { afterClosed: () => of(true) };
      },
    };
    TestBed.configureTestingModule({
      providers: [
        Publishing,
        { provide: Autosave, useValue: { stuck, reason: () => 'Changed elsewhere.' } },
        { provide: MatDialog, useValue: dialogs },
        { provide: ProblemList, useValue: { count: problems } },
        { provide: Publication, useValue: { differs } },
        { provide: Publisher, useValue: publisher },
        { provide: RunSession, useValue: session },
        {
          provide: StartSwitch,
          useValue: { active, turn: (on: boolean) => Promise.resolve(did.push(`turned ${on}`)) },
        },
      ],
    });
    publishing = TestBed.inject(Publishing);
  });

  it('publishes at once while nothing starts by itself', async () => {
    await publishing.publish();
    expect(did).toEqual(['published']);
  });

  it('asks first while it is active', async () => {
    active.set(true);
    await publishing.publish();
    expect(did).toEqual(['asked: publish']);
  });

  it('leads to the problems while there are any', async () => {
    problems.set(2);
    active.set(true);
    await publishing.publish();
    expect(did).toEqual(['led to the problem']);
  });

  it('does nothing when nothing has changed', async () => {
    differs.set(false);
    active.set(true);
    await publishing.publish();
    expect(did).toEqual([]);
  });

  it('says why it was not done', async () => {
    done = false;
    await publishing.publish();
    expect(did).toEqual(['published', 'Not published. too_many']);
  });

  it('says that somebody else was faster, and neither asks nor sends anything', async () => {
    stuck.set(true);
    active.set(true);
    await publishing.publish();
    expect(await publishing.ask('publish')).toBe(false);
    expect(did).toEqual(['Not published. Changed elsewhere.', 'Not published. Changed elsewhere.']);
  });

  it('says so too when that is known by the refusal alone', async () => {
    done = false;
    const published = publishing.publish();
    stuck.set(true);
    await published;
    expect(did).toEqual(['published', 'Not published. Changed elsewhere.']);
  });

  it('asks before a draft is switched on, and never before it is switched off', async () => {
    await publishing.turn(true);
    await publishing.turn(false);
    differs.set(false);
    await publishing.turn(true);
    expect(did).toEqual(['asked: switch-on', 'turned false', 'turned true']);
  });
});
