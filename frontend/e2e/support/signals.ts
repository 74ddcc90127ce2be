import { createHmac, randomUUID } from 'node:crypto';
import { type APIRequestContext, expect } from '@playwright/test';
import { type Account, newAccount, newPipeline, publish } from './app';

export interface Source {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
}

export interface TickerSignal {
  readonly ticker: string;
  readonly signal: 'BULLISH' | 'BEARISH' | 'NEUTRAL';
  readonly confidence: number;
}

const headersOf = (account: Account) => ({ Authorization: `Bearer ${account.token}` });

/** A scanner made through the API; gives its id. */
export async function newScanner(
  request: APIRequestContext,
  account: Account,
  name: string,
  tickers: readonly string[],
): Promise<string> {
  const answer = await request.post('/api/v1/scanners', {
    data: { name, kind: 'manual', tickers },
    headers: headersOf(account),
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()).id;
}

/** A webhook that takes signed deliveries. */
export async function newSource(
  request: APIRequestContext,
  account: Account,
  name: string,
  kind = 'hmac',
): Promise<Source> {
  const answer = await request.post('/api/v1/webhook-sources', {
    data: { name, kind },
    headers: headersOf(account),
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const { id, url, secret } = await answer.json();
  return { id, url: new URL(url, answer.url()).href, secret };
}

/** Sends a signal as an outside system does; gives the HTTP status. */
export async function send(
  request: APIRequestContext,
  { url, secret }: Source,
  tickers: readonly TickerSignal[],
  metadata: object = {},
): Promise<number> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomUUID();
  const body = JSON.stringify({
    timestamp: Number(timestamp),
    signal_type: 'external',
    tickers,
    metadata,
  });
  const signature = createHmac('sha256', secret)
    .update(`${timestamp}.${nonce}.${body}`)
    .digest('hex');
  const answer = await request.post(url, {
    data: body,
    headers: {
      'Content-Type': 'application/json',
      'X-Timestamp': timestamp,
      'X-Nonce': nonce,
      'X-Signature': signature,
    },
  });
  return answer.status();
}

/** An active pipeline that external signals on the scanner's tickers start. */
export async function newSubscriber(
  request: APIRequestContext,
  account: Account,
  name: string,
  scannerId: string,
  minConfidence: number,
): Promise<string> {
  const id = await newPipeline(request, account, name);
  const headers = headersOf(account);
  const read = await request.get(`/api/v1/pipelines/${id}`, { headers });
  const { revision } = await read.json();
  const subscriptions = [{ signal_type: 'external', min_confidence: minConfidence }];
  const saved = await request.put(`/api/v1/pipelines/${id}`, {
    data: { trigger: { kind: 'signal', scanner_id: scannerId, subscriptions } },
    headers: { ...headers, 'If-Match': String(revision) },
  });
  expect(saved.status(), await saved.text()).toBe(200);
  await publish(request, account, id);
  const active = await request.post(`/api/v1/pipelines/${id}/activate`, { headers });
  expect(active.status(), await active.text()).toBe(200);
  return id;
}

/** Returns once the dispatcher knows every subscriber made before: it learns of them in order. */
export async function untilKnown(request: APIRequestContext): Promise<void> {
  const last = await newAccount(request);
  const scanner = await newScanner(request, last, 'Probe', ['GOOG']);
  await newSubscriber(request, last, 'Probe', scanner, 100);
  const source = await newSource(request, last, 'Probe');
  await expect(async () => {
    await send(request, source, [{ ticker: 'GOOG', signal: 'BULLISH', confidence: 1 }]);
    const answer = await request.get('/api/v1/signals', { headers: headersOf(last) });
    const { items } = (await answer.json()) as { items: { matches: unknown[] }[] };
    expect(items.some((item) => item.matches.length > 0)).toBe(true);
  }).toPass({ timeout: 30_000 });
}
