import { TestBed } from '@angular/core/testing';
import { Session } from '@core/auth/session';
import { told } from '@core/runs/testing';
import type { AccountNews } from './account-news';
import { LiveSocket } from './live-socket';
import { type RunEvent, SeenEvents } from './run-event';
import { SOCKET_FACTORY, type SocketLike } from './socket-factory';

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function event(sequence: number, execution_id = 'run-1'): RunEvent {
  return { ...told.started(sequence, 'data'), execution_id };
}

describe('LiveSocket', () => {
  let sockets: FakeSocket[];
  let live: LiveSocket;
  let session: { token: () => string; renew: () => void; end: () => void };
  let renewals: number;
  let ends: number;

  beforeEach(() => {
    vi.useFakeTimers();
    sockets = [];
    [renewals, ends] = [0, 0];
    session = {
      token: () => `token ${renewals}`,
      renew: () => (renewals += 1),
      end: () => (ends += 1),
    };
    const open = () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1)!;
    };
    TestBed.configureTestingModule({
      providers: [
        { provide: SOCKET_FACTORY, useValue: open },
        { provide: Session, useValue: session },
      ],
    });
    live = TestBed.inject(LiveSocket);
  });

  afterEach(() => vi.useRealTimers());

  it('logs in first and subscribes once it is let in', () => {
    live.watchRun('run-1', new SeenEvents(7), () => undefined);
    sockets[0]!.onopen?.();
    expect(sockets[0]!.sent).toEqual([{ type: 'auth', token: 'token 0' }]);
    sockets[0]!.says({ type: 'ready' });
    expect(live.state()).toBe('ready');
    expect(sockets[0]!.sent.at(-1)).toEqual({
      type: 'subscribe',
      topic: 'execution:run-1',
      after: 7,
    });
  });

  it('answers pings', () => {
    live.connect();
    sockets[0]!.says({ type: 'ping' });
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'pong' });
  });

  it('comes back after a lost connection and resumes from the last event seen', () => {
    const got: number[] = [];
    live.watchRun('run-1', new SeenEvents(0), (item) => got.push(item.sequence));
    sockets[0]!.says({ type: 'ready' });
    sockets[0]!.says(event(1));
    sockets[0]!.says(event(2));
    sockets[0]!.onclose?.();
    expect(live.state()).toBe('closed');
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(2);
    sockets[1]!.says({ type: 'ready' });
    expect(sockets[1]!.sent.at(-1)).toMatchObject({ topic: 'execution:run-1', after: 2 });
    sockets[1]!.says(event(2));
    sockets[1]!.says(event(3));
    expect(got).toEqual([1, 2, 3]);
  });

  it('gives up on a line that has gone silent', () => {
    live.connect();
    sockets[0]!.says({ type: 'ready' });
    vi.advanceTimersByTime(45_001);
    expect(sockets[0]!.closed).toBe(true);
    expect(live.state()).toBe('closed');
  });

  it('keeps runs apart', () => {
    const got: number[] = [];
    live.watchRun('run-1', new SeenEvents(0), (item) => got.push(item.sequence));
    sockets[0]!.says({ type: 'ready' });
    sockets[0]!.says(event(1, 'run-2'));
    expect(got).toEqual([]);
  });

  it('asks for notices, again after a reconnection, and keeps them apart from runs', () => {
    const told: number[] = [];
    const runs: unknown[] = [];
    live.watchUser((item) => runs.push(item));
    live.watchNotices(({ unread }) => told.push(unread));
    sockets[0]!.says({ type: 'ready' });
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'notices' });
    sockets[0]!.says({ type: 'subscribed', topic: 'notices' });
    sockets[0]!.says({ type: 'notices', unread: 3, newest: null });
    sockets[0]!.onclose?.();
    vi.advanceTimersByTime(1_000);
    sockets[1]!.says({ type: 'ready' });
    expect(sockets[1]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'notices' });
    sockets[1]!.says({ type: 'notices', unread: 0, newest: null });
    expect(told).toEqual([3, 0]);
    expect(runs).toEqual([]);
  });

  it('asks for notices at once on a line that is open', () => {
    live.connect();
    sockets[0]!.says({ type: 'ready' });
    live.watchNotices(() => undefined);
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'notices' });
  });

  it('tells of changed pipelines, and after each subscription that some may have been missed', () => {
    const told: string[] = [];
    live.watchPipelines(({ type }) => told.push(type));
    sockets[0]!.says({ type: 'ready' });
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'pipelines' });
    sockets[0]!.says({ type: 'subscribed', topic: 'pipelines' });
    sockets[0]!.says({ type: 'pipeline_changed', pipeline_id: 'p', revision: 2 });
    expect(told).toEqual(['pipelines_missed', 'pipeline_changed']);
    sockets[0]!.onclose?.();
    vi.advanceTimersByTime(1_000);
    sockets[1]!.says({ type: 'ready' });
    expect(sockets[1]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'pipelines' });
  });

  it('asks for the quotes of a symbol while anybody watches it, again after a reconnection', () => {
    const told: string[] = [];
    const watch = () => live.watchQuotes('NVDA', ({ data }) => told.push(data.price));
    const [one, other] = [watch(), watch()];
    sockets[0]!.says({ type: 'ready' });
    const asked = () => sockets.at(-1)!.sent.filter(({ topic }) => topic === 'quotes:NVDA');
    expect(asked()).toEqual([{ type: 'subscribe', topic: 'quotes:NVDA' }]);
    sockets[0]!.says({ type: 'quote', data: { symbol: 'NVDA', price: '1' } });
    sockets[0]!.says({ type: 'quote', data: { symbol: 'AMD', price: '2' } });
    expect(told).toEqual(['1', '1']);
    one();
    one();
    sockets[0]!.onclose?.();
    vi.advanceTimersByTime(1_000);
    sockets[1]!.says({ type: 'ready' });
    expect(asked()).toEqual([{ type: 'subscribe', topic: 'quotes:NVDA' }]);
    other();
    expect(asked().at(-1)).toEqual({ type: 'unsubscribe', topic: 'quotes:NVDA' });
    sockets[1]!.says({ type: 'quote', data: { symbol: 'NVDA', price: '3' } });
    expect(told).toEqual(['1', '1']);
  });

  it('tells what happens in an account, and after each subscription to look again', () => {
    const told: AccountNews[] = [];
    live.connect();
    sockets[0]!.says({ type: 'ready' });
    live.watchAccount('acc', (news) => told.push(news));
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', topic: 'account:acc' });
    const order = { type: 'order_updated', account_id: 'acc', data: { id: 'o' } };
    const closed = { type: 'position_closed', account_id: 'acc', data: { id: 'p' } };
    sockets[0]!.says({ type: 'subscribed', topic: 'account:acc' });
    sockets[0]!.says({ type: 'subscribed', topic: 'account:other' });
    sockets[0]!.says(order);
    sockets[0]!.says({ ...order, account_id: 'other' });
    sockets[0]!.says(closed);
    sockets[0]!.says({ type: 'look_again', topic: 'account:acc' });
    const again = { type: 'look_again', topic: 'account:acc' };
    expect(told).toEqual([again, order, closed, again]);
  });

  it('asks for nothing of before after log-out', () => {
    live.watchQuotes('NVDA', () => undefined);
    live.watchAccount('acc', () => undefined);
    live.disconnect();
    live.connect();
    sockets[1]!.says({ type: 'ready' });
    expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', topic: 'user' }]);
  });

  it('stays away after log-out', () => {
    live.connect();
    live.disconnect();
    sockets[0]!.onclose?.();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });

  describe('that is refused before it is ready', () => {
    const comesBack = () => {
      sockets.at(-1)!.onclose?.();
      vi.advanceTimersByTime(30_000);
      sockets.at(-1)!.onopen?.();
    };
    const refuses = (code: string) => {
      sockets.at(-1)!.says({ type: 'error', code, detail: 'No.' });
      comesBack();
    };

    beforeEach(() => {
      live.connect();
      sockets[0]!.onopen?.();
    });

    it('comes back with a new token, and counts anew once it was let in', () => {
      for (const round of [1, 2]) {
        refuses('token_expired');
        expect(sockets.at(-1)!.sent).toEqual([{ type: 'auth', token: `token ${round}` }]);
        sockets.at(-1)!.says({ type: 'ready' });
        comesBack();
      }
      expect([renewals, ends]).toEqual([2, 0]);
    });

    it('ends the session when the new token is refused as well', () => {
      refuses('not_signed_in');
      refuses('not_signed_in');
      vi.advanceTimersByTime(60_000);
      expect([renewals, ends, sockets.length]).toEqual([1, 1, 2]);
      expect(live.state()).toBe('closed');
    });

    it('does not count twice a token that could not be renewed yet', () => {
      session.renew = () => undefined;
      refuses('token_expired');
      refuses('token_expired');
      refuses('token_expired');
      expect([ends, sockets.length]).toEqual([0, 4]);
    });

    it('comes back later with the same token when that is not why', () => {
      refuses('too_many_sockets');
      refuses('too_many_sockets');
      refuses('too_many_sockets');
      expect([renewals, ends, sockets.length]).toEqual([0, 0, 4]);
      expect(sockets[3]!.sent).toEqual([{ type: 'auth', token: 'token 0' }]);
    });

    it('does not add up refusals with another one between', () => {
      refuses('token_expired');
      refuses('too_many_sockets');
      refuses('token_expired');
      expect([renewals, ends]).toEqual([2, 0]);
    });
  });
});
