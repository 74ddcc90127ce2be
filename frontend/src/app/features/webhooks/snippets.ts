import type { SourceKind } from './source-kinds';

export interface Snippet {
  readonly title: string;
  readonly note: string;
  readonly text: string;
}

const BODY = `BODY='{"timestamp":'"$TIMESTAMP"',"signal_type":"external","tickers":[{"ticker":"AAPL","signal":"BULLISH","confidence":85}]}'`;
const ALERT = `{
  "ticker": "{{ticker}}",
  "action": "buy",
  "confidence": 80,
  "time": "{{timenow}}",
  "price": "{{close}}"
}`;

/** The whole address that deliveries go to. Where the sender cannot sign, it ends in the secret. */
export function deliveryUrl(url: string, secret: string, origin: string): string {
  return new URL(url.replace('{secret}', secret), origin).href;
}

/** Something to paste that works at once. `url`: the whole address; `secret`: also as a blank. */
export function snippetOf(kind: SourceKind, url: string, secret: string): Snippet {
  switch (kind) {
    case 'hmac':
      return {
        title: 'Send one from a terminal',
        note: 'The signature covers time, nonce and body, joined by dots. Each nonce works once.',
        text: hmac(url, secret),
      };
    case 'standard_webhooks':
      return {
        title: 'Send one from a terminal',
        note: 'A Standard Webhooks library does the same in one call.',
        text: standard(url, secret),
      };
    default:
      return {
        title: 'Message of the alert',
        note: 'Paste it as the alert’s message, and the address as its webhook URL. The signal’s type is “external”.',
        text: ALERT,
      };
  }
}

function hmac(url: string, secret: string): string {
  return [
    `SECRET='${secret}'`,
    'TIMESTAMP=$(date +%s)',
    'NONCE=$(openssl rand -hex 16)',
    BODY,
    `SIGNATURE=$(printf '%s.%s.%s' "$TIMESTAMP" "$NONCE" "$BODY" \\`,
    `  | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`,
    `curl -sS '${url}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    '  -H "X-Timestamp: $TIMESTAMP" \\',
    '  -H "X-Nonce: $NONCE" \\',
    '  -H "X-Signature: $SIGNATURE" \\',
    '  --data-binary "$BODY"',
  ].join('\n');
}

function standard(url: string, secret: string): string {
  return [
    `SECRET='${secret}'`,
    `KEY=$(printf '%s' "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')`,
    'ID=msg_$(openssl rand -hex 12)',
    'TIMESTAMP=$(date +%s)',
    BODY,
    `SIGNATURE=$(printf '%s.%s.%s' "$ID" "$TIMESTAMP" "$BODY" \\`,
    '  | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)',
    `curl -sS '${url}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    '  -H "webhook-id: $ID" \\',
    '  -H "webhook-timestamp: $TIMESTAMP" \\',
    '  -H "webhook-signature: v1,$SIGNATURE" \\',
    '  --data-binary "$BODY"',
  ].join('\n');
}
