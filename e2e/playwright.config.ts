import { defineConfig, devices } from '@playwright/test';
import { chooseStack, findChromium, MILLRACE } from './stack.ts';

const CI = process.env['CI'] !== undefined;
const stack = chooseStack();

export default defineConfig({
  testDir: 'specs',
  outputDir: 'test-results',
  forbidOnly: CI,
  // One stack, two cores: a second worker would only make the first wait.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  globalTimeout: 10 * 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    actionTimeout: 20_000,
    navigationTimeout: 20_000,
    baseURL: stack.url,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    // A video needs a download of Playwright's own.
    video: 'off',
    locale: 'en-GB',
    timezoneId: 'UTC',
    launchOptions: {
      executablePath: findChromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'first account', testMatch: /.*\.setup\.ts/ },
    {
      name: 'chromium',
      dependencies: ['first account'],
      use: { ...devices['Desktop Chrome'], viewport: { width: 1440, height: 900 } },
    },
  ],
  webServer: {
    command: `"${MILLRACE}" up`,
    url: `${stack.url}/health/ready`,
    env: {
      MILLRACE_DATA: stack.dataFolder,
      MILLRACE_HOST: '127.0.0.1',
      MILLRACE_PORT: String(stack.port),
      // One address signs in for everybody here.
      MILLRACE_SIGN_IN_LIMIT: '1000 per minute',
    },
    reuseExistingServer: false,
    timeout: 60_000,
    stdout: 'pipe',
    stderr: 'pipe',
    gracefulShutdown: { signal: 'SIGTERM', timeout: 20_000 },
  },
});
