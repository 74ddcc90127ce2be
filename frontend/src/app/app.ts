import { Component, inject } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { Theme } from '@core/theme/theme';

@Component({
  selector: 'k-root',
  imports: [RouterOutlet],
  template: `<router-outlet />`,
})
export class App {
  constructor() {
    inject(Theme);
  }
}
