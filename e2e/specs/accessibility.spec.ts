import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { ADMIN, ADMIN_SESSION, signIn, submit } from '../people.ts';

const PHONE = { width: 390, height: 844 };

async function expectNothingFound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.target)])).toEqual([]);
}

async function expectNothingBeside(page: Page): Promise<void> {
  const excess = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect(excess, 'nothing reaches past the edge of the screen').toBeLessThanOrEqual(0);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test('axe finds nothing before signing in', async ({ page }) => {
      for (const path of ['/sign-in', '/register']) {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectNothingFound(page);
      }
    });

    test.describe('signed in', () => {
      test.use({ storageState: ADMIN_SESSION });

      test('axe finds nothing on any page, at a desk and on a phone', async ({ page, request }) => {
        const token = await signIn(request, ADMIN);
        const running = await submit(request, token, { type: 'sleep', payload: { seconds: 60 } });
        const failed = await submit(request, token, {
          type: 'sleep',
          payload: { seconds: 0, fail: true },
          max_attempts: 1,
        });
        const paths = [
          '/jobs',
          `/jobs/${running.id}`,
          `/jobs/${failed.id}`,
          '/jobs/new',
          '/jobs/new?type=image',
          '/nowhere',
        ];
        for (const path of paths) {
          await page.goto(path);
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
          await expectNothingFound(page);
          await page.setViewportSize(PHONE);
          await expectNothingFound(page);
          await expectNothingBeside(page);
          await page.setViewportSize({ width: 1440, height: 900 });
        }
        await request.post(`/api/v1/jobs/${running.id}/cancel`, {
          headers: { Authorization: `Bearer ${token}` },
        });
      });
    });
  });
}
