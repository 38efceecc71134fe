/**
 * Where the stack under test stands: a free port and a temporary data folder.
 *
 * Playwright reads its configuration once in the main process and once in each worker; the environment
 * carries the choice of the first to the others.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
export const PYTHON = join(ROOT, '.venv', 'bin', 'python');
const FREE_PORT =
  "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])";

export const MILLRACE = join(ROOT, '.venv', 'bin', 'millrace');

export interface Stack {
  readonly port: number;
  readonly url: string;
  readonly dataFolder: string;
}

export function chooseStack(): Stack {
  process.env['E2E_PORT'] ??= execFileSync(PYTHON, ['-c', FREE_PORT], { encoding: 'utf8' }).trim();
  const port = Number(process.env['E2E_PORT']);
  return { port, url: `http://127.0.0.1:${port}`, dataFolder: chooseDataFolder() };
}

/** CHROME_PATH, or what tools/chromium.py finds; it says what to do where there is none. */
export function findChromium(): string {
  process.env['CHROME_PATH'] ??= execFileSync(PYTHON, [join(ROOT, 'tools', 'chromium.py')], {
    encoding: 'utf8',
  }).trim();
  return process.env['CHROME_PATH'];
}

function chooseDataFolder(): string {
  const chosen = process.env['E2E_DATA'];
  if (chosen !== undefined) return chosen;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-e2e-'));
  process.env['E2E_DATA'] = folder;
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
