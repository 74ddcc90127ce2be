import { deliveryUrl, snippetOf } from './snippets';

const ORIGIN = 'http://127.0.0.1:8000';
const URL = `${ORIGIN}/api/v1/webhooks/1`;

describe('deliveryUrl', () => {
  it('is whole, whatever the server gave', () => {
    expect(deliveryUrl('/api/v1/webhooks/1', 's', ORIGIN)).toBe(URL);
    expect(deliveryUrl('https://kuber.example/h/1', 's', ORIGIN)).toBe('https://kuber.example/h/1');
  });

  it('carries the secret where the server left a place for it', () => {
    expect(deliveryUrl(`${URL}/{secret}`, 's3', ORIGIN)).toBe(`${URL}/s3`);
  });
});

describe('snippetOf', () => {
  it('signs time, nonce and body', () => {
    const { text } = snippetOf('hmac', URL, 'topsecret');
    expect(text).toContain("SECRET='topsecret'");
    expect(text).toContain('"$TIMESTAMP" "$NONCE" "$BODY"');
    expect(text).toContain(`curl -sS '${URL}'`);
  });

  it('takes the prefix off a Standard Webhooks secret before it decodes it', () => {
    expect(snippetOf('standard_webhooks', URL, 'whsec_abc').text).toContain('${SECRET#whsec_}');
  });

  it('gives TradingView a message that is JSON once its blanks are filled', () => {
    const message = snippetOf('tradingview', URL, 's').text;
    expect(JSON.parse(message)).toMatchObject({ ticker: '{{ticker}}', action: 'buy' });
  });
});
