import { Pipe, type PipeTransform } from '@angular/core';
import {
  type Decimal,
  formatAmount,
  formatAverage,
  formatCost,
  formatCount,
  formatMoney,
  formatPercent,
  formatPrice,
  formatQuantity,
  formatR,
} from './numbers';
import { formatAgo, formatDate, formatDateTime, formatDuration } from './times';

@Pipe({ name: 'kMoney' })
export class MoneyPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatMoney(value);
  }
}

/** An amount in its currency. */
@Pipe({ name: 'kAmount' })
export class AmountPipe implements PipeTransform {
  transform(value: Decimal | null | undefined, currency: string): string {
    return formatAmount(value, currency);
  }
}

/** Profit in risks of its plan. */
@Pipe({ name: 'kR' })
export class RPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatR(value);
  }
}

@Pipe({ name: 'kCost' })
export class CostPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatCost(value);
  }
}

@Pipe({ name: 'kPrice' })
export class PricePipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatPrice(value);
  }
}

/** An average of prices. */
@Pipe({ name: 'kAverage' })
export class AveragePipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatAverage(value);
  }
}

@Pipe({ name: 'kQuantity' })
export class QuantityPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatQuantity(value);
  }
}

@Pipe({ name: 'kCount' })
export class CountPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatCount(value);
  }
}

/** A fraction in [0, 1] as a percentage. */
@Pipe({ name: 'kPercent' })
export class PercentPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatPercent(value);
  }
}

@Pipe({ name: 'kDateTime' })
export class DateTimePipe implements PipeTransform {
  transform(iso: string | null | undefined): string {
    return formatDateTime(iso);
  }
}

@Pipe({ name: 'kDate' })
export class DatePipe implements PipeTransform {
  transform(iso: string | null | undefined): string {
    return formatDate(iso);
  }
}

@Pipe({ name: 'kDuration' })
export class DurationPipe implements PipeTransform {
  /** `ms`: milliseconds. */
  transform(ms: number | null | undefined): string {
    return formatDuration(ms);
  }
}

@Pipe({ name: 'kAgo' })
export class AgoPipe implements PipeTransform {
  transform(iso: string | null | undefined): string {
    return formatAgo(iso);
  }
}
