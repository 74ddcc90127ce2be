import type { DatasetKind, InstrumentBody, InstrumentOut } from '@core/api';

/** The fields as they were typed; empty where the symbol decides. */
export interface InstrumentDraft {
  readonly name: string;
  readonly market: string;
  readonly currency: string;
  readonly tick: string;
  readonly quantity_step: string;
  readonly shortable: '' | 'yes' | 'no';
  readonly dataset: '' | DatasetKind;
}

export type DraftField = keyof InstrumentDraft;

const FIELDS: readonly DraftField[] = [
  'name',
  'market',
  'currency',
  'tick',
  'quantity_step',
  'shortable',
  'dataset',
];
const STEPS: readonly DraftField[] = ['tick', 'quantity_step'];
const STEP = /^\d{1,7}(\.\d{1,8})?$/;
const STEP_WRONG = 'Enter a number above 0 such as 0.01, with at most 8 decimals.';

/** What the user decided of an instrument; nothing where the symbol decides. */
export function draftOf(instrument: InstrumentOut): InstrumentDraft {
  const own = (field: DraftField, text: string | null) =>
    instrument.decided_by[field] === 'user' ? (text ?? '') : '';
  return {
    name: own('name', instrument.name),
    market: own('market', instrument.market),
    currency: own('currency', instrument.currency),
    tick: own('tick', instrument.tick),
    quantity_step: own('quantity_step', instrument.quantity_step),
    shortable: own('shortable', instrument.shortable ? 'yes' : 'no') as '' | 'yes' | 'no',
    dataset: own('dataset', instrument.dataset) as '' | DatasetKind,
  };
}

/** What to ask for so that an instrument which was `before` becomes `after`: what differs. */
export function changeBetween(before: InstrumentDraft, after: InstrumentDraft): InstrumentBody {
  const changed = FIELDS.filter((field) => before[field] !== after[field].trim());
  return Object.fromEntries(changed.map((field) => [field, valueOf(field, after)]));
}

/** What is wrong with a field, or null. */
export function faultOf(field: DraftField, draft: InstrumentDraft): string | null {
  const text = draft[field].trim();
  if (!STEPS.includes(field) || text === '') return null;
  return STEP.test(text) && Number(text) > 0 ? null : STEP_WRONG;
}

function valueOf(field: DraftField, draft: InstrumentDraft): string | boolean | null {
  const text = draft[field].trim();
  if (text === '') return null;
  return field === 'shortable' ? text === 'yes' : text;
}
