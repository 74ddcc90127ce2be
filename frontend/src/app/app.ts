import { Component, inject } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { Departure } from '@core/auth/departure';
import { NavigationTrouble } from '@core/page/navigation-trouble';
import { Theme } from '@core/theme/theme';
import { TroublePage } from './shell/trouble-page';

@Component({
  selector: 'k-root',
  imports: [RouterOutlet, TroublePage],
  template: `
    @if (trouble.shown() && !trouble.hasPage()) {
      <k-trouble-page />
    }
    <router-outlet />
  `,
})
export class App {
  protected readonly trouble = inject(NavigationTrouble);

  constructor() {
    inject(Theme);
    inject(Departure).watch();
    this.trouble.watch();
  }
}
