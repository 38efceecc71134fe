import { expect, test } from '@playwright/test';
import { ADMIN, newPerson, pageOf } from '../people.ts';

test.use({ storageState: { cookies: [], origins: [] } });

test('a person signs in, stays signed in over a reload, and signs out', async ({ page }) => {
  await page.goto('/jobs');
  await page.getByLabel('Email').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();

  await page.reload();
  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();

  await page.getByRole('button', { name: /account/i }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await page.goto('/jobs');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('a wrong password is told as such, and not which half was wrong', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(ADMIN.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('e-mail address or the password is wrong');
});

test('a weak password is refused beside its field', async ({ page }) => {
  await page.goto('/register');
  await page.getByLabel('Name').fill('Shorty');
  await page.getByLabel('Email').fill('shorty@example.com');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  const password = page.getByLabel('Password');
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await expect(password).toBeFocused();
});

test("a member doesn't see another's job, in the list or by its address", async ({ browser }) => {
  const owner = await pageOf(browser, newPerson('Olga'));
  await owner.goto('/jobs/new?type=sleep');
  await owner.getByRole('button', { name: 'Submit job' }).click();
  await expect(owner).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);

  const other = await pageOf(browser, newPerson('Oscar'));
  await other.goto('/jobs');
  await expect(other.getByText('No jobs yet')).toBeVisible();
  await other.goto(new URL(owner.url()).pathname);
  await expect(
    other.getByRole('heading', { name: /not found|no such|isn’t here|isn't here/i }),
  ).toBeVisible();
});
