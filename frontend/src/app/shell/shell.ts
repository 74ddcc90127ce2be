import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';

@Component({ selector: 'k-shell', imports: [RouterOutlet], template: `<router-outlet />` })
export class Shell {}
