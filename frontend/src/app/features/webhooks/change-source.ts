import { updateWebhookSource, type WebhookSourceOut, type WebhookSourceUpdate } from '@core/api';
import { unwrap } from '@core/http/unwrap';

/** Changes some settings of a source and keeps the others. */
export function changeSource(
  { id }: WebhookSourceOut,
  body: WebhookSourceUpdate,
): Promise<WebhookSourceOut> {
  return unwrap(updateWebhookSource({ path: { source_id: id }, body }));
}
