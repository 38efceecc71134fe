import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { ADMIN_SESSION } from '../people.ts';
import { brokenPhotoPath, photoPath, TEXT_AS_PICTURE } from '../pictures.ts';

test.use({ storageState: ADMIN_SESSION });

async function chooseImage(page: Page): Promise<void> {
  await page.goto('/jobs');
  await page.getByRole('link', { name: 'New job' }).first().click();
  await expect(page.getByRole('heading', { name: 'New job' })).toBeVisible();
  await page.getByLabel('Type', { exact: true }).selectOption({ label: 'Resize an image' });
  await expect(page.getByRole('button', { name: 'Submit job' })).toBeVisible();
}

test('a photo becomes pictures of several sizes, watched live from two browsers', async ({
  page,
  browser,
}) => {
  const second = await (await browser.newContext({ storageState: ADMIN_SESSION })).newPage();
  await second.goto('/jobs');
  await expect(second.locator('[data-live=connected]')).toBeVisible();

  await chooseImage(page);
  await page.locator('input[type=file]').setInputFiles(photoPath());
  await expect(page.getByText('holiday.jpg')).toBeVisible();
  await page.getByLabel('Width').first().fill('1600');
  await page.getByRole('button', { name: /add/i }).first().click();
  await page.getByLabel('Width').nth(1).fill('400');
  await page.getByLabel('Format').selectOption('webp');
  await page.getByRole('radio', { name: 'High' }).check();
  await page.getByRole('button', { name: 'Submit job' }).click();

  await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
  await page.evaluate(() => {
    (window as unknown as { sameDocument: boolean }).sameDocument = true;
  });
  const row = second.getByRole('link', { name: /Resize an image.*holiday\.jpg/ }).first();
  await expect(row).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Completed' }).first()).toBeVisible();
  await expect(row.locator('[data-state=completed]')).toBeVisible();
  expect(
    await page.evaluate(() => (window as unknown as { sameDocument: boolean }).sameDocument),
    'the page came to its end with no reload',
  ).toBe(true);

  await expect(page.getByRole('img', { name: /holiday/ })).toHaveCount(2);
  // The photo lies on its side, and its EXIF tag turns it: 4000 × 3000 becomes 3 : 4.
  const sizes = await page
    .getByRole('img', { name: /holiday/ })
    .evaluateAll((pictures) =>
      pictures.map(
        (picture) =>
          (picture as HTMLImageElement).naturalWidth / (picture as HTMLImageElement).naturalHeight,
      ),
    );
  for (const ratio of sizes) expect(ratio).toBeCloseTo(0.75, 2);

  const download = page.waitForEvent('download');
  await page
    .getByRole('link', { name: /holiday.*\.webp/ })
    .or(page.getByRole('button', { name: /holiday.*\.webp/ }))
    .first()
    .click();
  const content = readFileSync(await (await download).path());
  expect(content.subarray(8, 12).toString()).toBe('WEBP');
});

test('a text in place of a picture is refused beside the field, and nothing is submitted', async ({
  page,
}) => {
  await chooseImage(page);
  await page.locator('input[type=file]').setInputFiles(TEXT_AS_PICTURE);
  await page.getByLabel('Width').first().fill('100');
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expect(page.getByText(/This is a text\/\w+ file\. Choose one of: JPEG/)).toBeVisible();
  await expect(page).toHaveURL(/\/jobs\/new/);
});

test('a missing file is told beside the field, which gets the focus', async ({ page }) => {
  await chooseImage(page);
  await page.getByLabel('Width').first().fill('100');
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expect(page.locator('[aria-invalid=true]').first()).toBeVisible();
  await expect(page).toHaveURL(/\/jobs\/new/);
});

test('a picture that turns out broken fails its job with a sentence and a code', async ({
  page,
}) => {
  await chooseImage(page);
  await page.locator('input[type=file]').setInputFiles(brokenPhotoPath());
  await page.getByLabel('Width').first().fill('100');
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Failed' }).first()).toBeVisible();
  await expect(page.getByText('image_broken').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send again' })).toBeVisible();
});
