import { numberOf } from '@core/trading/decimals';
import type { SimulationOut } from '@core/api';

/** The options of a simulated venue as they stand in a form: fractions as per cent. */
export interface OptionsDraft {
  readonly behaviour: SimulationOut['behaviour'];
  readonly slippage: string;
  readonly commission: string;
  readonly partialFills: string;
  readonly rejections: string;
  readonly startingBalance: string;
  readonly seed: string;
}

export type OptionField = keyof OptionsDraft;

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly message: string;
}

const BOUNDS: Readonly<Partial<Record<OptionField, Bounds>>> = {
  slippage: { least: 0, most: 10, message: 'Enter 0 to 10.' },
  commission: { least: 0, most: 100, message: 'Enter 0 to 100.' },
  partialFills: { least: 0, most: 100, message: 'Enter 0 to 100.' },
  rejections: { least: 0, most: 100, message: 'Enter 0 to 100.' },
  startingBalance: { least: 0.01, most: 1e12, message: 'Enter an amount above 0.' },
};
const PLACES = 8;

export function draftOf(options: SimulationOut): OptionsDraft {
  return {
    behaviour: options.behaviour,
    slippage: percentOf(options.slippage),
    commission: options.commission,
    partialFills: percentOf(options.partial_fills),
    rejections: percentOf(options.rejections),
    startingBalance: options.starting_balance,
    seed: options.seed === null ? '' : String(options.seed),
  };
}

/** What is wrong, by field. */
export function optionFaults(draft: OptionsDraft): Readonly<Partial<Record<OptionField, string>>> {
  const faults: Partial<Record<OptionField, string>> = {};
  for (const [name, { least, most, message }] of Object.entries(BOUNDS) as [
    OptionField,
    Bounds,
  ][]) {
    const number = numberOf(draft[name].trim());
    if (number === null || number < least || number > most) faults[name] = message;
  }
  if (draft.seed.trim() && !/^\d{1,15}$/.test(draft.seed.trim()))
    faults.seed = 'Enter a whole number, or leave it empty.';
  return faults;
}

/** The options as the API takes them. */
export function optionsOf(draft: OptionsDraft): SimulationOut {
  return {
    behaviour: draft.behaviour,
    slippage: fractionOf(draft.slippage),
    commission: draft.commission.trim(),
    partial_fills: fractionOf(draft.partialFills),
    rejections: fractionOf(draft.rejections),
    starting_balance: draft.startingBalance.trim(),
    seed: draft.seed.trim() ? Number(draft.seed) : null,
  };
}

function percentOf(fraction: string): string {
  return String(Number((Number(fraction) * 100).toFixed(PLACES - 2)));
}

function fractionOf(percent: string): string {
  return String(Number((Number(percent) / 100).toFixed(PLACES)));
}
