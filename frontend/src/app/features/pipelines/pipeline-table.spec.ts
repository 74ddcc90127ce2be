import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { PipelineSummary } from '@core/api';
import { PipelineTable } from './pipeline-table';

const EVERY_HOUR = { kind: 'periodic', every_minutes: 60 };
const STORED = {
  id: 'p',
  name: 'Clockwork',
  mode: 'simulation',
  trigger: { kind: 'manual' },
  status: 'draft',
  created_at: '2026-11-21T12:00:00Z',
  updated_at: '2026-11-21T12:00:00Z',
  published_version: 3,
  published_trigger: EVERY_HOUR,
  draft_differs: false,
  node_count: 5,
  problem_count: 0,
  last_run: null,
};

describe('a pipeline in the list', () => {
  const row = async (change: object): Promise<string> => {
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    const fixture = TestBed.createComponent(PipelineTable);
    fixture.componentRef.setInput('items', [
      { ...STORED, ...change } as unknown as PipelineSummary,
    ]);
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).querySelector('tbody tr')?.textContent ?? '';
  };

  it('starts as it was published while it is active, whatever its draft is', async () => {
    expect(await row({ status: 'active', draft_differs: true })).toMatch(
      /v3 and a draft.*Active.*Every hour/s,
    );
  });

  it('is to start as its draft while it is off', async () => {
    const text = await row({});
    expect(text).toMatch(/Off.*By hand/s);
    expect(text).not.toContain('draft');
  });

  it('says until when its last run waits', async () => {
    const last_run = {
      execution_id: 'run-1',
      status: 'waiting',
      symbol: 'NVDA',
      created_at: '2026-11-21T12:00:00Z',
      finished_at: null,
      outcome: 'Not yet time: runs 09:35 to 15:55 every day (UTC).',
      wake_at: '2009-05-14T21:00:00Z',
      waits_for: 'trigger',
    };
    expect(await row({ last_run })).toMatch(/Paused.*Looks again at 14 May 2009, \d\d:00/s);
  });

  it('says when it was never published', async () => {
    expect(await row({ published_version: null, draft_differs: true })).toContain(
      'Never published',
    );
  });
});
