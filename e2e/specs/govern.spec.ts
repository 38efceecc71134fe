import { expect, test } from '@playwright/test';
import { ADMIN, ADMIN_SESSION, signIn, submit } from '../people.ts';
import { chooseStack } from '../stack.ts';
import { layCable } from '../cut.ts';

test.use({ storageState: ADMIN_SESSION });

test('a long job shows its progress, is cancelled, and is sent again', async ({
  page,
  request,
}) => {
  const job = await submit(request, await signIn(request, ADMIN), {
    type: 'sleep',
    payload: { seconds: 120 },
  });
  await page.goto(`/jobs/${job.id}`);
  await expect(page.getByRole('status').filter({ hasText: 'Running' }).first()).toBeVisible();
  const bar = page.getByRole('progressbar').first();
  const before = Number(await bar.getAttribute('aria-valuenow'));
  await expect
    .poll(async () => Number(await bar.getAttribute('aria-valuenow')))
    .toBeGreaterThan(before);

  await page.getByRole('button', { name: 'Cancel job' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Cancelled' }).first()).toBeVisible();

  await page.getByRole('button', { name: 'Send again' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Running' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Cancel job' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Cancelled' }).first()).toBeVisible();
});

test('two browsers see the same job move', async ({ browser, request }) => {
  const pages = await Promise.all(
    [1, 2].map(async () => (await browser.newContext({ storageState: ADMIN_SESSION })).newPage()),
  );
  for (const page of pages) {
    await page.goto('/jobs');
    await expect(page.locator('[data-live=connected]')).toBeVisible();
  }
  const { id } = await submit(request, await signIn(request, ADMIN), {
    type: 'sleep',
    payload: { seconds: 2 },
  });
  for (const state of ['running', 'completed']) {
    for (const page of pages) {
      await expect(page.locator(`a[href="/jobs/${id}"] [data-state=${state}]`)).toBeVisible();
    }
  }
});

test('the network is cut and comes back, and the page is right again with no reload', async ({
  browser,
  request,
}) => {
  const cable = await layCable(chooseStack().port);
  const page = await (
    await browser.newContext({ storageState: ADMIN_SESSION, baseURL: cable.url })
  ).newPage();
  const token = await signIn(request, ADMIN);
  const { id } = await submit(request, token, { type: 'sleep', payload: { seconds: 4 } });
  await page.goto('/jobs');
  await expect(page.locator('[data-live=connected]')).toBeVisible();
  await page.evaluate(() => {
    document.body.dataset['sameDocument'] = 'yes';
  });

  cable.pull();
  await expect(page.locator('[data-live=reconnecting], [data-live=stale]')).toBeVisible();
  const missed = await submit(request, token, { type: 'sleep', payload: { seconds: 0 } });
  await expect
    .poll(async () => {
      const answer = await request.get(`/api/v1/jobs/${id}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      return ((await answer.json()) as { state: string }).state;
    })
    .toBe('completed');

  cable.plugIn();
  await expect(page.locator('[data-live=connected]')).toBeVisible({ timeout: 30_000 });
  await expect(page.locator(`a[href="/jobs/${id}"] [data-state=completed]`)).toBeVisible();
  await expect(page.locator(`a[href="/jobs/${missed.id}"]`)).toBeVisible();
  expect(await page.evaluate(() => document.body.dataset['sameDocument'])).toBe('yes');
  await cable.close();
});
