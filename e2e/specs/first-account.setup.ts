import { expect, test as setup } from '@playwright/test';
import { ADMIN, ADMIN_SESSION } from '../people.ts';

setup('the first account is made in the browser, and is the admin', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('It becomes the admin of this server.')).toBeVisible();
  await page.getByLabel('Name').fill(ADMIN.name);
  await page.getByLabel('Email').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create account' }).click();

  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
  await expect(page.getByText('No jobs yet')).toBeVisible();
  await page.context().storageState({ path: ADMIN_SESSION });
});
