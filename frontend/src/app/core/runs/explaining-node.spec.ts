import { explainingNode, type ToldNode } from './explaining-node';

function ran(id: string, output: Record<string, unknown> = {}, port = 'out'): ToldNode {
  return { node_id: id, status: 'succeeded', output, port };
}

const data = ran('data', { market_data: {} });
const buy = ran('plan', { strategy: { action: 'BUY' } });
const hold = ran('plan', { strategy: { action: 'HOLD' } });
const approved = ran('risk', { risk: { approved: true } });
const refused = ran('risk', { risk: { approved: false } });

describe('the node that explains the outcome', () => {
  it('is the one that failed, before any other', () => {
    const failed = { ...ran('trade'), status: 'failed' };
    expect(explainingNode([data, hold, failed])).toBe('trade');
  });

  it('is the one at work while the run goes on', () => {
    expect(explainingNode([data, { ...ran('plan'), status: 'running' }])).toBe('plan');
  });

  describe('of a run that was called off', () => {
    const off = (id: string, started_at: string | null): ToldNode => ({
      node_id: id,
      status: 'cancelled',
      started_at,
    });
    const waited = off('time', '2026-11-30T00:12:54Z');
    const unreached = off('report', null);

    it('is the one that waited or was at work', () => {
      expect(explainingNode([data, waited, unreached])).toBe('time');
      expect(explainingNode([data, buy, approved, waited, unreached])).toBe('time');
    });

    it('is the one that had traded by then', () => {
      expect(explainingNode([data, ran('trade', { trade: {} }), waited])).toBe('trade');
    });

    it('is none when none was reached', () => {
      expect(explainingNode([unreached])).toBeNull();
    });
  });

  it('is the one that traded', () => {
    expect(explainingNode([data, buy, approved, ran('trade', { trade: {} })])).toBe('trade');
  });

  it('is the one that planned to hold, not the risk check with nothing to size', () => {
    expect(explainingNode([data, hold, refused, ran('report', { report: {} })])).toBe('plan');
  });

  it('is the consensus that overruled the plans before it', () => {
    const consensus = ran('consensus', { strategy: { action: 'HOLD' } });
    expect(explainingNode([data, buy, consensus, refused])).toBe('consensus');
  });

  it('is the risk check that refused a plan to trade', () => {
    expect(explainingNode([data, buy, refused])).toBe('risk');
  });

  it('is the condition that led past the trade', () => {
    expect(explainingNode([data, buy, ran('sure', {}, 'false'), ran('report')])).toBe('sure');
  });

  it('is the bias when there was no plan, and none when nothing was decided', () => {
    expect(explainingNode([data, ran('bias', { bias: {} }, 'neutral')])).toBe('bias');
    expect(explainingNode([data])).toBeNull();
  });
});
