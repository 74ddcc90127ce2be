import { TestBed } from '@angular/core/testing';
import type { NodeRunOut } from '@core/api';
import { execution, nodeRun } from '@core/runs/testing';
import { CostTable } from './cost-table';

describe('the cost of a run by node', () => {
  async function shown(cost: string, nodes: NodeRunOut[]) {
    const fixture = TestBed.createComponent(CostTable);
    fixture.componentRef.setInput('run', execution({ cost, nodes }));
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const texts = (row: Element) => [...row.querySelectorAll('td')].map((it) => it.textContent);
    return {
      rows: [...page.querySelectorAll('tbody tr')].map(texts),
      total: page.querySelector('.total')?.textContent,
    };
  }

  it('is what each node took, and its share of the whole', async () => {
    const tokens = { input: 1200, output: 80 };
    const { rows, total } = await shown('0.40', [
      nodeRun({ node_id: 'data', runtime_ms: 12, cost: '0' }),
      nodeRun({ node_id: 'bias', runtime_ms: 1400, cost: '0.30', tokens }),
      nodeRun({ node_id: 'report', cost: '0.10' }),
    ]);
    expect(rows).toEqual([
      ['data', '12 ms', '–', '–', '$0.00', '0.0%'],
      ['bias', '1.4 s', '1,200', '80', '$0.30', '75.0%'],
      ['report', '–', '–', '–', '$0.10', '25.0%'],
    ]);
    expect(total).toBe('$0.40');
  });

  it('has no shares while nothing was spent', async () => {
    const { rows, total } = await shown('0', [nodeRun({ node_id: 'data' })]);
    expect(rows).toEqual([['data', '–', '–', '–', '$0.00', '–']]);
    expect(total).toBe('$0.00');
  });
});
