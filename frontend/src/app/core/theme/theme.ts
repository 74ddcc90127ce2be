import { DOCUMENT, Service, computed, effect, inject, signal } from '@angular/core';

export type ThemeChoice = 'light' | 'dark' | 'system';
export type Scheme = 'light' | 'dark';

const STORAGE_KEY = 'kuber.theme';
const CHOICES: readonly ThemeChoice[] = ['light', 'dark', 'system'];

/** The colour theme: what the person chose, and what that means right now. */
@Service()
export class Theme {
  private readonly root = inject(DOCUMENT).documentElement;
  private readonly systemDark = signal(false);

  readonly choice = signal<ThemeChoice>(storedChoice());
  readonly scheme = computed<Scheme>(() => {
    const choice = this.choice();
    if (choice !== 'system') return choice;
    return this.systemDark() ? 'dark' : 'light';
  });

  constructor() {
    const query = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    this.systemDark.set(query?.matches ?? false);
    query?.addEventListener('change', (event) => this.systemDark.set(event.matches));
    effect(() => {
      this.root.classList.toggle('dark', this.scheme() === 'dark');
      this.root.classList.toggle('light', this.scheme() === 'light');
      localStorage.setItem(STORAGE_KEY, this.choice());
    });
  }

  toggle(): void {
    this.choice.set(this.scheme() === 'dark' ? 'light' : 'dark');
  }
}

function storedChoice(): ThemeChoice {
  const stored = localStorage.getItem(STORAGE_KEY);
  return CHOICES.find((choice) => choice === stored) ?? 'system';
}
