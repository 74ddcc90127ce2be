import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import type { ChannelOut, MailOut } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { MailChannel } from './mail-channel';

describe('the mail channel', () => {
  let changes: number;

  function show(state: ChannelOut['state']) {
    changes = 0;
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: MatSnackBar, useValue: { open: () => undefined } }],
    });
    const fixture = TestBed.createComponent(MailChannel);
    const address = state === 'not_configured' ? null : 'ann@example.com';
    const channel = { id: 'mail', name: 'Mail', state, address, detail: 'How it stands.' };
    fixture.componentRef.setInput('channel', channel);
    fixture.componentInstance.changed.subscribe(() => (changes += 1));
    fixture.detectChanges();
    const page = fixture.nativeElement as HTMLElement;
    document.body.append(page);
    const press = async (name: string) => {
      const [button] = [...page.querySelectorAll('button')].filter(
        (it) => it.textContent.trim() === name,
      );
      button!.focus();
      button!.click();
      await settled(fixture);
    };
    const type = async (code: string) => {
      const field = page.querySelector('input')!;
      field.value = code;
      field.dispatchEvent(new Event('input'));
      await settled(fixture);
    };
    const becomes = async (now: ChannelOut['state']) => {
      fixture.componentRef.setInput('channel', { ...channel, state: now });
      await settled(fixture);
    };
    const codeMail = async (mail: Partial<MailOut>) => {
      fixture.componentRef.setInput('codeMail', { purpose: 'confirmation', error: null, ...mail });
      await settled(fixture);
    };
    return { page, press, type, becomes, codeMail, settle: () => settled(fixture) };
  }

  it('says plainly that there is none, and offers nothing', () => {
    const { page } = show('not_configured');
    expect(page.textContent).toContain('Not set up');
    expect(page.textContent.match(/KUBER_[A-Z_]+/g)).toEqual([
      'KUBER_SMTP_URL',
      'KUBER_MAIL_FROM',
      'KUBER_PUBLIC_URL',
    ]);
    expect(page.textContent).not.toContain('How it stands.');
    expect(page.querySelector('button')).toBeNull();
  });

  it('sends a code, and leads to its field', async () => {
    const { page, press, becomes, settle } = show('unconfirmed');
    await press('Send code');
    expect(document.activeElement?.textContent).toContain('Sending');
    (await asked('POST', '/channels/mail/code')).flush({});
    await settle();
    expect(changes).toBe(1);
    await becomes('awaiting_code');
    expect(document.activeElement).toBe(page.querySelector('input'));
  });

  it('says that the code could not be sent, why, and sends another', async () => {
    const { page, press, codeMail, settle } = show('awaiting_code');
    await codeMail({ state: 'sent' });
    expect(page.querySelector('input')).not.toBeNull();
    await codeMail({ id: 'a', state: 'failed', error: '550 No such mailbox.' });
    expect(page.querySelector('[role=alert]')?.textContent).toContain(
      'The code could not be sent. 550 No such mailbox.',
    );
    expect(page.textContent).not.toContain('How it stands.');
    expect(page.querySelector('input')).toBeNull();
    await press('Send a new code');
    (await asked('POST', '/channels/mail/code')).flush({});
    await settle();
    expect(page.querySelector('[role=alert]')).toBeNull();
    expect(page.querySelector('input')).not.toBeNull();
    await codeMail({ id: 'b', state: 'failed' });
    expect(page.querySelector('[role=alert]')).not.toBeNull();
  });

  it('says so when all tries of a code are used', async () => {
    const { page, press, type, becomes, settle } = show('awaiting_code');
    await type('123456');
    await press('Confirm');
    const item = { field: 'code', message: 'This is not the code.' };
    refuse(await asked('POST', '/channels/mail/confirm'), 'This is not the code.', [item]);
    await settle();
    await becomes('unconfirmed');
    expect(page.querySelector('[role=alert]')?.textContent).toContain(
      'Five tries used. Have a new code sent.',
    );
    expect(document.activeElement).toBe(page.querySelector('.address'));
    await press('Send a new code');
    (await asked('POST', '/channels/mail/code')).flush({});
    await settle();
    await becomes('awaiting_code');
    expect(page.querySelector('[role=alert]')).toBeNull();
  });

  it('says under the field what is wrong with the code', async () => {
    const { page, press, type, settle } = show('awaiting_code');
    await type('12');
    await press('Confirm');
    expect(page.querySelector('[role=alert]')?.textContent).toBe(
      'Enter the six digits from the mail.',
    );
    nothingAsked();
    await type(' 12 34 56 ');
    await press('Confirm');
    const call = await asked('POST', '/channels/mail/confirm');
    expect(call.request.body).toEqual({ code: '123456' });
    const item = { field: 'code', message: 'This is not the code.', remedy: 'Look again.' };
    refuse(call, 'This is not the code.', [item]);
    await settle();
    expect(page.querySelector('.k-field-error')?.textContent).toBe(
      'This is not the code. Look again.',
    );
    expect(page.querySelector('input')?.getAttribute('aria-invalid')).toBe('true');
  });

  it('takes the right code, and leads to the heading', async () => {
    const { page, press, type, becomes, settle } = show('awaiting_code');
    await type('123456');
    await press('Confirm');
    (await asked('POST', '/channels/mail/confirm')).flush({});
    await settle();
    expect(changes).toBe(1);
    await becomes('on');
    expect(document.activeElement).toBe(page.querySelector('.address'));
  });

  it('says why a test could not be sent', async () => {
    const { page, press, settle } = show('on');
    await press('Send a test');
    refuse(await asked('POST', '/channels/mail/test'), 'You asked for 5 mails within an hour.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('5 mails within an hour');
    expect(changes).toBe(0);
  });
});
