import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { PositionOut } from '@core/api';
import { settled } from '@core/http/testing';
import { LiveQuotes } from '@core/market/live-quotes';
import { position } from '@core/trading/testing';
import { ClosePosition } from './close-position';
import { PositionTable } from './position-table';

describe('a position in the list', () => {
  async function pipelineOf(change: Partial<PositionOut>) {
    TestBed.configureTestingModule({
      providers: [
        provideRouter([]),
        { provide: LiveQuotes, useValue: { followAll: () => undefined, newest: () => null } },
        { provide: ClosePosition, useValue: { doing: () => false } },
      ],
    });
    const fixture = TestBed.createComponent(PositionTable);
    fixture.componentRef.setInput('items', [position(change)]);
    await settled(fixture);
    const cell = (fixture.nativeElement as HTMLElement).querySelector('td.pipeline')!;
    const text = cell.textContent.replaceAll(/\s+/g, ' ').trim();
    return [text, cell.querySelector('a')?.getAttribute('href') ?? null];
  }

  it('leads to the pipeline that opened it', async () => {
    const own = { pipeline_id: 'l-1', pipeline_name: 'Swing' };
    expect(await pipelineOf(own)).toEqual(['Swing', '/pipelines/l-1']);
  });

  it('says of a deleted pipeline that it is, and leads nowhere', async () => {
    const gone = { pipeline_id: 'l-1', pipeline_name: 'Swing', pipeline_deleted: true };
    expect(await pipelineOf(gone)).toEqual(['Swing deleted', null]);
  });

  it('says that it was opened by hand', async () => {
    expect(await pipelineOf({})).toEqual(['By hand', null]);
  });
});
