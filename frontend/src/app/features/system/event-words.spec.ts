import {
  dataInWords,
  endOfId,
  linksOf,
  namedApart,
  typeInWords,
  whoseInWords,
} from './event-words';

const RUN = '019ac0de-0000-7000-8000-000000000001';

describe('typeInWords', () => {
  it('knows the words of the record, and reads any other name', () => {
    expect(typeInWords('user_logged_in')).toBe('Logged in');
    expect(typeInWords('OrderFilled')).toBe('Order filled');
    expect(typeInWords('something_new')).toBe('Something new');
    expect(typeInWords('api_key_created')).toBe('API key created');
  });

  it('tells types apart that share their words', () => {
    const types = ['OrderIntended', 'order_intended', 'SignalMessage', 'SignalRaised', 'Other'];
    expect([...namedApart(types).values()]).toEqual([
      'Order placed',
      'Order placed, on record',
      'Signal received (SignalMessage)',
      'Signal received (SignalRaised)',
      'Other',
    ]);
  });
});

describe('dataInWords', () => {
  it('says what an order was', () => {
    const order = { side: 'buy', quantity: '42.0', symbol: 'AAPL', reference_price: '150.5' };
    expect(dataInWords('order_intended', { ...order, mode: 'simulation' })).toBe(
      'Buy 42 AAPL at about 150.50, simulation mode',
    );
    const fills = [{ quantity: '42', price: '150.50' }];
    expect(dataInWords('order_answered', { status: 'filled', reason: null, fills })).toBe(
      'Filled: 42 at 150.50',
    );
    expect(
      dataInWords('order_answered', { status: 'rejected', reason: 'No cash.', fills: [] }),
    ).toBe('Rejected: No cash.');
  });

  it('says what changed', () => {
    expect(dataInWords('pipeline_mode_changed', { before: 'simulation', mode: 'paper' })).toBe(
      'From simulation to paper',
    );
    expect(
      dataInWords('pipeline_trigger_changed', {
        before: { kind: 'manual' },
        trigger: { kind: 'periodic' },
      }),
    ).toBe('From by hand to on a schedule');
    expect(dataInWords('budget_changed', { per_run: '2.5', per_day: null })).toBe(
      'Per run $2.50, per day no limit',
    );
  });

  it('says how a pipeline stood, and of a deleted one no status', () => {
    const data = { status: 'draft', mode: 'paper', trigger: { kind: 'manual' } };
    for (const type of ['pipeline_created', 'pipeline_adopted'])
      expect(dataInWords(type, data)).toBe('Off, paper mode, by hand');
    expect(dataInWords('pipeline_created', { ...data, status: 'active' })).toMatch(/^Active, /);
    for (const type of ['pipeline_deactivated', 'pipeline_restored'])
      expect(dataInWords(type, { version: 2, status: 'draft' })).toBe('Off');
    expect(dataInWords('pipeline_activated', { status: 'active' })).toBe('Active');
    expect(dataInWords('pipeline_archived', { status: 'archived' })).toBe('Archived');
    const deleted = { ...data, status: 'archived', kept: true };
    const kept = 'its runs, orders and costs are kept';
    expect(dataInWords('pipeline_deleted', deleted)).toBe(`It was: paper mode, by hand; ${kept}`);
    expect(dataInWords('pipeline_deleted', { status: 'active', mode: 'paper', kept: true })).toBe(
      `It was: active, paper mode; ${kept}`,
    );
    expect(dataInWords('pipeline_deleted', { status: 'archived', mode: 'paper' })).toBe(
      'It was: archived, paper mode; its runs went with it',
    );
    expect(dataInWords('pipeline_version_dropped', { version: 3 })).toMatch(/^Version 3,/);
  });

  it('names the first figures of what it does not know, ids last and shortened', () => {
    const data = { run_id: RUN, user_id: 'x', colour: 'red', count: 3, nested: { a: 1 } };
    expect(dataInWords('something_new', data)).toBe('Colour red, count 3, run id …0000000001');
    expect(dataInWords('something_new', {})).toBe('');
  });
});

describe('linksOf', () => {
  it('leads to the run under either name, and only by a real id', () => {
    expect(linksOf('run_finished', { execution_id: RUN })).toEqual([
      { label: 'Open the run', link: ['/runs', RUN] },
    ]);
    expect(linksOf('run_finished', { run_id: '../login' })).toEqual([]);
    expect(linksOf('pipeline_published', { pipeline_id: RUN })).toHaveLength(1);
    expect(linksOf('pipeline_deleted', { pipeline_id: RUN })).toEqual([]);
  });
});

describe('whoseInWords', () => {
  it('tells own from others and from the installation', () => {
    expect(whoseInWords(RUN, RUN)).toBe('You');
    expect(whoseInWords(RUN, 'other')).toBe('User …000001');
    expect(whoseInWords(null, RUN)).toBe('Installation');
    expect(endOfId('short')).toBe('short');
  });
});
