import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import {
  type ApplicationConfig,
  inject,
  Injector,
  provideBrowserGlobalErrorListeners,
} from '@angular/core';
import { MAT_FORM_FIELD_DEFAULT_OPTIONS } from '@angular/material/form-field';
import {
  provideRouter,
  TitleStrategy,
  withComponentInputBinding,
  withNavigationErrorHandler,
  withRouterConfig,
} from '@angular/router';
import { provideHeyApiClient } from '@core/api/client/client.gen';
import { client } from '@core/api/client.gen';
import { authInterceptor } from '@core/http/auth-interceptor';
import { outageInterceptor, Reachability } from '@core/http/reachability';
import { apiPrices } from '@core/market/price-source';
import { pricesRead, searchSymbols } from '@core/market/search-symbols';
import { NavigationTrouble } from '@core/page/navigation-trouble';
import { PageTitles } from '@core/page/page-context';
import { ORDER_TICKET, type OpenTicket } from '@core/trading/order-ticket';
import { PRICE_SOURCE } from '@shared/price-chart/price-source';
import { RECOVERY } from '@shared/recovery';
import { PRICES_AT, SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { routes } from './app.routes';

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideHttpClient(withFetch(), withInterceptors([outageInterceptor, authInterceptor])),
    provideHeyApiClient(client),
    provideRouter(
      routes,
      withComponentInputBinding(),
      withNavigationErrorHandler(({ url, error }) => {
        void inject(NavigationTrouble).take(url, error);
      }),
      withRouterConfig({ resolveNavigationPromiseOnError: true }),
    ),
    { provide: TitleStrategy, useClass: PageTitles },
    {
      provide: MAT_FORM_FIELD_DEFAULT_OPTIONS,
      useValue: { appearance: 'outline', subscriptSizing: 'dynamic' },
    },
    {
      provide: RECOVERY,
      useFactory: () => {
        const { isAway, recoveries } = inject(Reachability);
        return { awaited: isAway, count: recoveries };
      },
    },
    { provide: SYMBOL_SEARCH, useValue: searchSymbols },
    { provide: PRICES_AT, useValue: pricesRead },
    { provide: PRICE_SOURCE, useValue: apiPrices },
    {
      provide: ORDER_TICKET,
      useFactory: (): OpenTicket => {
        const injector = inject(Injector);
        return async (start) =>
          (await import('./features/trading/ticket/open-ticket')).openTicket(injector, start);
      },
    },
  ],
};
