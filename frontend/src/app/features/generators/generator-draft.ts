import type {
  GeneratorBody,
  GeneratorKindOut,
  GeneratorOut,
  SettingProblem,
  Timeframe,
} from '@core/api';

/** A generator as it is being edited. */
export interface GeneratorDraft {
  readonly name: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly enabled: boolean;
}

export const TIMEFRAMES: readonly { readonly value: Timeframe; readonly label: string }[] = [
  { value: '1m', label: '1 minute' },
  { value: '2m', label: '2 minutes' },
  { value: '3m', label: '3 minutes' },
  { value: '5m', label: '5 minutes' },
  { value: '10m', label: '10 minutes' },
  { value: '15m', label: '15 minutes' },
  { value: '30m', label: '30 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '2h', label: '2 hours' },
  { value: '4h', label: '4 hours' },
  { value: '6h', label: '6 hours' },
  { value: '8h', label: '8 hours' },
  { value: '12h', label: '12 hours' },
  { value: '1d', label: '1 day' },
  { value: '1w', label: '1 week' },
  { value: '1mo', label: '1 month' },
];

export function newDraft({ kind, name }: GeneratorKindOut): GeneratorDraft {
  return { name, kind, config: {}, symbols: [], timeframe: '1d', enabled: true };
}

export function draftFrom(generator: GeneratorOut): GeneratorDraft {
  const { name, kind, config, symbols, timeframe, enabled } = generator;
  return { name, kind, config, symbols, timeframe, enabled };
}

/** What keeps the draft from being saved, by field. */
export function draftProblems(draft: GeneratorDraft): Readonly<Record<string, string>> {
  return {
    ...(!draft.name.trim() && { name: 'Give it a name.' }),
    ...(!draft.symbols.length && { symbols: 'Name at least one symbol.' }),
  };
}

const SETTINGS = 'config.';

/**
 * What is wrong, with settings named as in their form; of settings, only those that somebody has
 * filled in: what is still empty comes later.
 */
export function touchedProblems(
  problems: readonly SettingProblem[],
  config: GeneratorDraft['config'],
): readonly SettingProblem[] {
  return problems.flatMap((problem) => {
    if (!problem.field?.startsWith(SETTINGS)) return problem;
    const field = problem.field.slice(SETTINGS.length);
    return (field.split('.')[0] ?? '') in config ? { ...problem, field } : [];
  });
}

/** The first example that the form of a kind gives for a text, by setting; or null. */
export function exampleOf({ config_schema }: GeneratorKindOut): Record<string, string> | null {
  const properties = config_schema['properties'];
  if (typeof properties !== 'object' || properties === null) return null;
  for (const [name, property] of Object.entries(properties)) {
    const examples: unknown = (property as { examples?: unknown }).examples;
    if (Array.isArray(examples) && typeof examples[0] === 'string') return { [name]: examples[0] };
  }
  return null;
}

export function toBody(draft: GeneratorDraft): GeneratorBody {
  return {
    ...draft,
    name: draft.name.trim(),
    config: { ...draft.config } as GeneratorBody['config'],
    symbols: [...draft.symbols],
  };
}

/** "Would have sent 7 signals on the last 1,000 bars." */
export function verdictInWords(sent: number, bars: number): string {
  const count = bars.toLocaleString('en-US');
  if (!bars) return 'There are no bars of this symbol and timeframe to try it on.';
  if (!sent) return `Would have sent no signal on the last ${count} bars.`;
  return `Would have sent ${sent} ${sent === 1 ? 'signal' : 'signals'} on the last ${count} bars.`;
}

/** The figures behind a signal, on one line; the expression itself stands beside them anyway. */
export function figuresInWords(metadata: Readonly<Record<string, unknown>>): string {
  return Object.entries(metadata)
    .filter(([name, value]) => name !== 'expression' && typeof value !== 'object')
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${figure(value)}`)
    .join(', ');
}

function figure(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toFixed(4))) : String(value);
}
