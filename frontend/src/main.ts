import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app';
import { appConfig } from './app/app.config';

// Without a running app there is nowhere else to report a failed start.
// eslint-disable-next-line no-console
bootstrapApplication(App, appConfig).catch((error: unknown) => console.error(error));
