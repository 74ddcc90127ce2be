import type { DeadLetterOut } from '@core/api';

export interface Payload {
  /** The payload as data when it is JSON, else null. */
  readonly json: unknown;
  readonly text: string;
}

/** A message read as JSON where it is JSON; bytes that are no text stay in base64. */
export function readPayload({
  payload,
  encoding,
}: Pick<DeadLetterOut, 'payload' | 'encoding'>): Payload {
  return { json: encoding === 'utf-8' ? asObject(payload) : null, text: payload };
}

function asObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
