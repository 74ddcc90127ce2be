import type { WebhookSourceOut } from '@core/api';

export type SourceKind = WebhookSourceOut['kind'];

export interface SourceKindLook {
  readonly kind: SourceKind;
  readonly label: string;
  readonly icon: string;
  readonly text: string;
}

export const SOURCE_KINDS: readonly SourceKindLook[] = [
  {
    kind: 'hmac',
    label: 'Signed (HMAC)',
    icon: 'key',
    text: 'Your own code signs each delivery with HMAC-SHA256. curl and openssl are enough.',
  },
  {
    kind: 'standard_webhooks',
    label: 'Standard Webhooks',
    icon: 'verified',
    text: 'For services and libraries that follow the Standard Webhooks specification.',
  },
  {
    kind: 'tradingview',
    label: 'TradingView',
    icon: 'candlestick_chart',
    text: 'Alerts of TradingView, which cannot sign: the secret is part of the address.',
  },
];

export function kindLabel(kind: SourceKind): string {
  return SOURCE_KINDS.find((look) => look.kind === kind)?.label ?? kind;
}
