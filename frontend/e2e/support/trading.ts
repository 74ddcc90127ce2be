import { type APIRequestContext, expect } from '@playwright/test';
import type { Account } from './app';

/** It trades all day and night. */
export const COIN = 'BTCUSD';

interface Held {
  readonly id: string;
  readonly symbol: string;
  readonly status: string;
  readonly quantity: string;
}

const headersOf = (account: Account) => ({ Authorization: `Bearer ${account.token}` });

/** The first account, whose venue fills whole orders and refuses none at random; gives its id. */
export async function calmAccount(request: APIRequestContext, account: Account): Promise<string> {
  const headers = headersOf(account);
  const { items } = await (await request.get('/api/v1/accounts', { headers })).json();
  const data = { simulation: { rejections: '0', partial_fills: '0' } };
  const changed = await request.put(`/api/v1/accounts/${items[0].id}`, { data, headers });
  expect(changed.status(), await changed.text()).toBe(200);
  return items[0].id;
}

/** The newest price of the coin. */
export async function coinPrice(request: APIRequestContext, account: Account): Promise<number> {
  const headers = headersOf(account);
  const answer = await request.get(`/api/v1/market/quotes?symbols=${COIN}`, { headers });
  return Number((await answer.json()).items[0].price);
}

/** Buys the coin by hand, far from stop and targets, and waits until it is held. */
export async function heldCoin(
  request: APIRequestContext,
  account: Account,
  accountId: string,
): Promise<Held> {
  const headers = headersOf(account);
  const price = await coinPrice(request, account);
  const data = {
    account_id: accountId,
    symbol: COIN,
    side: 'buy',
    type: 'market',
    quantity: '0.5',
    stop_loss: (price * 0.8).toFixed(2),
    take_profit: [(price * 1.2).toFixed(2), (price * 1.4).toFixed(2)],
  };
  const placed = await request.post('/api/v1/orders', { data, headers });
  expect(placed.status(), await placed.text()).toBe(201);
  const { position_id: id } = await placed.json();
  let held: Held | null = null;
  await expect
    .poll(
      async () => {
        held = await (await request.get(`/api/v1/positions/${id}`, { headers })).json();
        return held?.quantity;
      },
      { timeout: 30_000 },
    )
    .toBe('0.5');
  return held as unknown as Held;
}

/** The open positions of the account's user. */
export async function openPositions(
  request: APIRequestContext,
  account: Account,
): Promise<readonly Held[]> {
  const headers = headersOf(account);
  return (await (await request.get('/api/v1/positions?status=open', { headers })).json()).items;
}
