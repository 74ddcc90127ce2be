import { expect, test } from '@playwright/test';
import { logIn, newAccount, newEmail, PASSWORD, watchForErrors } from '../support/app';

test('a new user signs up and lands on Home', async ({ page }) => {
  const errors = watchForErrors(page);
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
  await page.getByRole('link', { name: 'Sign up' }).click();
  await expect(page.getByRole('heading', { name: 'Create an account' })).toBeVisible();
  const submit = page.getByRole('button', { name: 'Sign up' });
  await page.getByLabel('E-mail').fill(newEmail());
  await page.getByLabel('Password').fill('short');
  await submit.click();
  await expect(page.getByText('Choose a password that meets both rules.')).toBeVisible();
  await expect(page.getByLabel('Password')).toBeFocused();
  await page.getByLabel('Password').fill(PASSWORD);
  await submit.click();
  await expect(page.getByRole('heading', { name: 'Start from a template' })).toBeVisible();
  await expect(page).toHaveTitle('Home · Kuber');
  expect(errors).toEqual([]);
});

test('an e-mail that is taken is said at the field', async ({ page, request }) => {
  const account = await newAccount(request);
  await page.goto('/signup');
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await expect(page.getByRole('alert').first()).not.toBeEmpty();
  await expect(page).toHaveURL(/\/signup/);
});

test('an empty log-in says what it lacks', async ({ page }) => {
  await page.goto('/login');
  await page.getByLabel('E-mail').press('Enter');
  await expect(page.getByText('Enter your e-mail address.')).toBeVisible();
  await expect(page.getByText('Enter your password.')).toBeVisible();
  await expect(page.getByLabel('E-mail')).toBeFocused();
  await page.getByLabel('E-mail').fill('a@example.com');
  await page.getByLabel('E-mail').press('Enter');
  await expect(page.getByLabel('Password')).toBeFocused();
  await expect(page.getByText('Enter your e-mail address.')).toBeHidden();
});

test('a wrong password is refused in plain words', async ({ page, request }) => {
  const account = await newAccount(request);
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill('not-the-password');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page).toHaveURL(/\/login/);
});

test('a reload keeps the session and the address', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await page.goto('/runs');
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
  await page.reload();
  await expect(page.getByText('Nothing has run yet')).toBeVisible();
});

test('log-out ends the session, also after a reload', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await page.getByRole('button', { name: 'Account menu' }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/pipelines');
  await expect(page).toHaveURL(/\/login\?next=/);
});

test('the account page names whose charts are shown', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await page.goto('/account');
  await expect(page.getByText('Copyright © 2026 TradingView, Inc.')).toBeVisible();
  const source = page.getByRole('link', { name: 'TradingView Lightweight Charts' });
  await expect(source).toHaveAttribute('href', 'https://www.tradingview.com/');
});

test('the budget is kept and the theme is remembered', async ({ page, request }) => {
  const account = await newAccount(request);
  await logIn(page, account.email);
  await page.getByRole('link', { name: 'Account', exact: true }).click();
  await expect(page.getByText(account.email)).toBeVisible();
  await page.getByLabel('Per day, USD').fill('12.50');
  await page.getByRole('button', { name: 'Save budget' }).click();
  await expect(page.getByText('Budget saved')).toBeVisible();
  await page.getByRole('radio', { name: 'Dark' }).click();
  await page.reload();
  await expect(page.locator('html')).toHaveClass(/dark/);
  await expect(page.getByLabel('Per day, USD')).toHaveValue(/^12\.50?/);
});
