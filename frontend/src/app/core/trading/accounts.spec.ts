import { Component, inject, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { AccountOut, PositionOut } from '@core/api';
import { asked, provideFakeApi, settled } from '@core/http/testing';
import type { AccountNews, AccountNewsHandler } from '@core/socket/account-news';
import { LiveSocket } from '@core/socket/live-socket';
import { Accounts } from './accounts';
import { OpenPositions } from './open-positions';
import { account, position } from './testing';

@Component({ template: '' })
class Owner {
  readonly accounts = inject(Accounts);
  readonly positions = inject(OpenPositions);

  constructor() {
    this.accounts.watch();
    this.positions.watch();
  }
}

describe('accounts and what is held in them', () => {
  let handlers: Map<string, AccountNewsHandler>;

  async function open(accounts: AccountOut[], held: PositionOut[]) {
    handlers = new Map();
    const watchAccount = (id: string, handler: AccountNewsHandler) => {
      handlers.set(id, handler);
      return () => void handlers.delete(id);
    };
    TestBed.configureTestingModule({
      providers: [
        ...provideFakeApi(),
        { provide: LiveSocket, useValue: { state: signal('ready'), watchAccount } },
      ],
    });
    const fixture = TestBed.createComponent(Owner);
    (await asked('GET', '/accounts')).flush({ items: accounts, next_cursor: null });
    (await asked('GET', '/positions')).flush({ items: held, next_cursor: null });
    await settled(fixture);
    return { fixture, ...fixture.componentInstance };
  }

  const tell = (news: AccountNews) => handlers.get('a-1')?.(news);
  const moved = (type: 'position_opened' | 'position_changed' | 'position_closed') => {
    const status = type === 'position_closed' ? 'closed' : 'open';
    tell({ type, at: '', account_id: 'a-1', data: position({ stop: '150.50', status }) });
  };

  it('are heard of in every open account, and in no other', async () => {
    await open([account(), account({ id: 'a-2', status: 'reset' })], []);
    expect([...handlers.keys()]).toEqual(['a-1']);
  });

  it('follow what is pushed: a position opens, changes and closes', async () => {
    const { positions } = await open([account()], []);
    moved('position_opened');
    expect(positions.count()).toBe(1);
    moved('position_changed');
    expect(positions.items()?.map(({ stop }) => stop)).toEqual(['150.50']);
    moved('position_closed');
    expect(positions.items()).toEqual([]);
  });

  it('take up what an account is worth now', async () => {
    const { accounts } = await open([account()], []);
    const data = account({ equity: '99000' });
    tell({ type: 'account_changed', at: '', account_id: 'a-1', data });
    expect(accounts.find('a-1')?.equity).toBe('99000');
  });

  it('are read again when news may have been missed', async () => {
    const { fixture, positions } = await open([account()], []);
    tell({ type: 'look_again', topic: 'account:a-1' });
    (await asked('GET', '/accounts')).flush({ items: [account()], next_cursor: null });
    (await asked('GET', '/positions')).flush({ items: [position()], next_cursor: null });
    await settled(fixture);
    expect(positions.count()).toBe(1);
  });

  it('are let go of with their owner', async () => {
    const { fixture, accounts, positions } = await open([account()], [position()]);
    fixture.destroy();
    expect([accounts.items(), positions.items(), handlers.size]).toEqual([null, null, 0]);
  });
});
