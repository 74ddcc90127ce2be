import { Component, inject, input } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import {
  provideRouter,
  RouterOutlet,
  TitleStrategy,
  withComponentInputBinding,
} from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { PageContext, PageTitles } from './page-context';

@Component({ imports: [RouterOutlet], template: '<router-outlet />' })
class Frame {}

@Component({ template: '' })
class Plain {}

@Component({ template: '' })
class Events {
  readonly type = input<string>();

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Events' }]);
  }
}

describe('the title of a page', () => {
  async function open(address: string) {
    TestBed.configureTestingModule({
      providers: [
        { provide: TitleStrategy, useClass: PageTitles },
        provideRouter(
          [
            { path: 'home', title: 'Home', component: Plain },
            {
              path: 'system',
              title: 'System',
              component: Frame,
              children: [
                { path: '', component: Plain },
                { path: 'events', title: 'Events', component: Events },
              ],
            },
          ],
          withComponentInputBinding(),
        ),
      ],
    });
    const harness = await RouterTestingHarness.create();
    const go = (to: string) => harness.navigateByUrl(to);
    const crumbs = () =>
      TestBed.inject(PageContext)
        .crumbs()
        .map(({ label }) => label);
    await go(address);
    return { go, crumbs };
  }

  it('is that of the route, unless the page says more', async () => {
    const { go, crumbs } = await open('/home');
    expect(crumbs()).toEqual(['Home']);
    await go('/system');
    expect(crumbs()).toEqual(['System']);
    await go('/system/events');
    expect(crumbs()).toEqual(['System', 'Events']);
    await go('/home');
    expect(crumbs()).toEqual(['Home']);
  });

  it('stays while the page does, whatever its filters', async () => {
    const { go, crumbs } = await open('/system/events');
    expect(crumbs()).toEqual(['System', 'Events']);
    await go('/system/events?type=a');
    expect(crumbs()).toEqual(['System', 'Events']);
  });
});
