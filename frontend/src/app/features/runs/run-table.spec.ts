import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ExecutionSummary } from '@core/api';
import { settled } from '@core/http/testing';
import { RunTable } from './run-table';

const RUN = {
  id: 'r-1',
  pipeline_name: 'Swing',
  pipeline_version: 3,
  pipeline_deleted: false,
  status: 'succeeded',
  mode: 'simulation',
  symbol: 'AAPL',
  outcome: 'No trade',
  as_of: '2009-05-14T21:00:00Z',
  created_at: '2009-05-14T21:00:00Z',
  duration_ms: 12,
  cost: '0',
} as ExecutionSummary;

describe('a run in the list', () => {
  async function row(change: Partial<ExecutionSummary> = {}) {
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    const fixture = TestBed.createComponent(RunTable);
    fixture.componentRef.setInput('items', [{ ...RUN, ...change }]);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    return (part: string) => page.querySelector(part)!.textContent.replaceAll(/\s+/g, ' ').trim();
  }

  it('names its pipeline and what of it ran', async () => {
    expect((await row())('.pipeline')).toBe('Swing v3');
    TestBed.resetTestingModule();
    const gone = await row({ pipeline_version: null, pipeline_deleted: true });
    expect(gone('.pipeline')).toBe('Swing draft, deleted');
  });

  it('says under its outcome when it began and of which pipeline it is, where there is no room beside', async () => {
    expect((await row())('.outcome .narrow')).toMatch(/^14 May 2009, Swing$/);
  });
});
