import { defineConfig } from '@playwright/test';

const HEADLESS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Drives a running Kuber (`KUBER_URL`) with the machine's Chromium (`CHROMIUM`). */
export default defineConfig({
  testDir: './e2e',
  testMatch: ['**/*.spec.ts', '**/*.e2e.ts'],
  outputDir: './e2e/results',
  workers: 2,
  retries: process.env['CI'] ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env['KUBER_URL'] ?? 'http://127.0.0.1:8000',
    viewport: { width: 1440, height: 900 },
    browserName: 'chromium',
    trace: 'off',
    video: 'off',
    screenshot: 'off',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: HEADLESS,
    },
  },
});
