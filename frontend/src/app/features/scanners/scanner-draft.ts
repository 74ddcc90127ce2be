import type { ScannerBody, ScannerOut } from '@core/api';
import { fromFilter, type RuleDraft, toFilter } from './filter-rules';

export type ScannerKind = ScannerOut['kind'];

export interface KindLook {
  readonly kind: ScannerKind;
  readonly label: string;
  readonly icon: string;
  readonly text: string;
}

export const KINDS: readonly KindLook[] = [
  { kind: 'manual', label: 'List', icon: 'list_alt', text: 'Tickers that you name yourself.' },
  {
    kind: 'filter',
    label: 'Filter',
    icon: 'filter_alt',
    text: 'Whatever passes your rules, looked up anew on schedule.',
  },
  {
    kind: 'api',
    label: 'Address',
    icon: 'cloud_download',
    text: 'A list that a server of yours gives, fetched on schedule.',
  },
];

export function kindLook(kind: ScannerKind): KindLook {
  return KINDS.find((look) => look.kind === kind) ?? (KINDS[0] as KindLook);
}

/** A scanner as it is being edited. */
export interface ScannerDraft {
  readonly name: string;
  readonly kind: ScannerKind;
  readonly tickers: readonly string[];
  readonly rules: readonly RuleDraft[];
  /** At most so many tickers; null for no limit. */
  readonly limit: number | null;
  readonly url: string;
  readonly refreshMinutes: number;
}

export const DEFAULT_REFRESH_MINUTES = 15;

export function emptyDraft(kind: ScannerKind): ScannerDraft {
  return {
    name: '',
    kind,
    tickers: [],
    rules: [],
    limit: null,
    url: '',
    refreshMinutes: DEFAULT_REFRESH_MINUTES,
  };
}

export function draftFrom(scanner: ScannerOut): ScannerDraft {
  return {
    name: scanner.name,
    kind: scanner.kind,
    tickers: scanner.kind === 'manual' ? scanner.tickers : [],
    rules: fromFilter(scanner.filter),
    limit: scanner.filter?.limit ?? null,
    url: scanner.url ?? '',
    refreshMinutes: scanner.refresh_minutes ?? DEFAULT_REFRESH_MINUTES,
  };
}

/** What keeps the draft from being saved, by field. */
export function draftProblems(draft: ScannerDraft): Readonly<Record<string, string>> {
  const problems: Record<string, string> = {};
  if (!draft.name.trim()) problems['name'] = 'Give it a name.';
  if (draft.kind === 'manual' && !draft.tickers.length) {
    problems['tickers'] = 'Name at least one ticker.';
  }
  if (draft.kind === 'filter' && !toFilter(draft.rules, draft.limit)) {
    problems['filter'] = draft.rules.length ? 'Finish every rule.' : 'Add at least one rule.';
  }
  if (draft.kind === 'api' && !isHttps(draft.url)) {
    problems['url'] = 'Enter an address that starts with https://.';
  }
  return problems;
}

/** The draft as the server takes it. Only for a draft without problems. */
export function toBody(draft: ScannerDraft): ScannerBody {
  const name = draft.name.trim();
  if (draft.kind === 'manual') return { name, kind: 'manual', tickers: [...draft.tickers] };
  const refresh_minutes = draft.refreshMinutes;
  if (draft.kind === 'api') return { name, kind: 'api', url: draft.url.trim(), refresh_minutes };
  const filter = toFilter(draft.rules, draft.limit) ?? { all: [] };
  return { name, kind: 'filter', filter, refresh_minutes };
}

function isHttps(text: string): boolean {
  return URL.canParse(text.trim()) && new URL(text.trim()).protocol === 'https:';
}
