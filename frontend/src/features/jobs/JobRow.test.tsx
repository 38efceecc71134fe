import { ThemeProvider } from '@mui/material/styles';
import { render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { describe, expect, it } from 'vitest';
import type { JobSummary } from '../../api/types';
import { aJob } from '../../realtime/testJobs';
import { theme } from '../../testTheme';
import { JobRow } from './JobRow';

const row = (job: JobSummary) => (
  <ThemeProvider theme={theme}>
    <MemoryRouter>
      <JobRow job={job} title="Resize an image" leaving={false} showSubmitter />
    </MemoryRouter>
  </ThemeProvider>
);

describe('a row', () => {
  it('is a link to its job that says what it does and how it stands', () => {
    const at = { attempt: 2, seq: 4, fraction: 0.42, message: 'Size 4 of 8' };
    render(row(aJob('a', 'running', { attempt: 2, failures: 1, progress: at })));
    const link = screen.getByRole('link', {
      name: /Running.*Resize an image.*a\.jpg.*try 2 of 3/,
    });
    expect(link).toHaveAttribute('href', '/jobs/a');
    expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '42');
  });

  it('shows no progress of an earlier attempt', () => {
    const at = { attempt: 1, seq: 4, fraction: 0.42, message: 'Size 4 of 8' };
    render(row(aJob('a', 'running', { attempt: 2, progress: at })));
    expect(screen.getByRole('progressbar')).not.toHaveAttribute('aria-valuenow');
    expect(screen.queryByText('Size 4 of 8')).not.toBeInTheDocument();
  });

  it('shows the first line of an error', () => {
    const error = { code: 'broken', message: 'The picture is broken.\nLine 2' };
    render(row(aJob('a', 'failed', { error })));
    expect(screen.getByText('The picture is broken.')).toBeInTheDocument();
  });

  it('glows when its state changes, and not before', () => {
    const { rerender, container } = render(row(aJob('a', 'queued')));
    const overlays = () => container.querySelectorAll('li > span').length;
    expect(overlays()).toBe(0);
    rerender(row(aJob('a', 'running', { version: 2 })));
    expect(overlays()).toBe(1);
  });
});
