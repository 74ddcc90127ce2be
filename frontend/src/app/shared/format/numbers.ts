/** A decimal as the API sends it (string) or as computed here. */
export type Decimal = string | number;

const LOCALE = 'en-US';
const NONE = '–';
const CENTS = 0.01;

const money = numberFormat({ style: 'currency', currency: 'USD' });
const smallMoney = numberFormat({
  style: 'currency',
  currency: 'USD',
  maximumSignificantDigits: 2,
});
const moneyChange = numberFormat({ style: 'currency', currency: 'USD', signDisplay: 'exceptZero' });
const priceChange = numberFormat({
  minimumFractionDigits: 2,
  maximumFractionDigits: 5,
  signDisplay: 'exceptZero',
});
const rChange = numberFormat({
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});
const quantity = numberFormat({ maximumFractionDigits: 8 });
const price = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 5 });
const cents = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const count = numberFormat({ maximumFractionDigits: 0 });
const percent = numberFormat({
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const percentChange = numberFormat({
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

/** `$1,234.56`. */
export function formatMoney(value: Decimal | null | undefined): string {
  return shown(value, (amount) => money.format(amount));
}

/** An amount in its currency: dollars as everywhere, else `1,234.56 EUR`. */
export function formatAmount(value: Decimal | null | undefined, currency: string): string {
  if (currency === 'USD') return formatMoney(value);
  return shown(value, (amount) => `${price.format(amount)} ${currency}`);
}

/** A gain or a loss, always with its sign: `+$12.30`, `-1.20 EUR`. */
export function formatChange(value: Decimal | null | undefined, currency = 'USD'): string {
  return shown(value, (amount) =>
    currency === 'USD' ? moneyChange.format(amount) : `${priceChange.format(amount)} ${currency}`,
  );
}

/** A profit in risks of its plan: `+1.4 R`. */
export function formatR(value: Decimal | null | undefined): string {
  return shown(value, (r) => `${rChange.format(r)} R`);
}

/** Money that may be tiny: below a cent, its first two significant digits (`$0.0031`). */
export function formatCost(value: Decimal | null | undefined): string {
  return shown(value, (amount) => {
    const small = amount !== 0 && Math.abs(amount) < CENTS;
    return (small ? smallMoney : money).format(amount);
  });
}

/** A price in its own currency, two to five decimals: `150.50`, `1.07219`. */
export function formatPrice(value: Decimal | null | undefined): string {
  return shown(value, (amount) => price.format(amount));
}

/** A price that was computed, an average, in as many decimals as its size deserves: `21,608.31`. */
export function formatAverage(value: Decimal | null | undefined): string {
  return shown(value, (amount) => (Math.abs(amount) >= 100 ? cents : price).format(amount));
}

/** A quantity without trailing zeros: `42`, `0.015`. */
export function formatQuantity(value: Decimal | null | undefined): string {
  return shown(value, (amount) => quantity.format(amount));
}

/** A whole number with thousands separators. */
export function formatCount(value: Decimal | null | undefined): string {
  return shown(value, (amount) => count.format(amount));
}

/** A fraction as a percentage with one decimal: 0.125 is `12.5%`. */
export function formatPercent(fraction: Decimal | null | undefined): string {
  return shown(fraction, (value) => percent.format(value));
}

/** A change as a percentage, always with its sign: 0.125 is `+12.5%`. */
export function formatPercentChange(fraction: Decimal | null | undefined): string {
  return shown(fraction, (value) => percentChange.format(value));
}

/** `812 bytes`, `34.1 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['KB', 'MB', 'GB'];
  let [size, at] = [bytes / 1_000, 0];
  while (size >= 999.5 && at < units.length - 1) [size, at] = [size / 1_000, at + 1];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}

function shown(value: Decimal | null | undefined, format: (value: number) => string): string {
  if (value === null || value === undefined || value === '') return NONE;
  const number = Number(value);
  return Number.isFinite(number) ? format(number) : NONE;
}

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(LOCALE, options);
}
