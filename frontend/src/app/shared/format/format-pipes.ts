import { Pipe, type PipeTransform } from '@angular/core';
import {
  type Decimal,
  formatCost,
  formatCount,
  formatMoney,
  formatPercent,
  formatPrice,
  formatQuantity,
} from './numbers';
import { formatAgo, formatDate, formatDateTime, formatDuration } from './times';

@Pipe({ name: 'kMoney' })
export class MoneyPipe implements PipeTransform {
  transform(value: Decimal | null | undefined): string {
    return formatMoney(value);
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
