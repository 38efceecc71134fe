import { ThemeProvider } from '@mui/material/styles';
import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { Job, JobState } from '../../api/types';
import { aWholeJob } from '../../realtime/testJobs';
import { theme } from '../../testTheme';
import { JobOutcome } from './JobOutcome';

const asked: Partial<Job> = {
  cancel_requested_at: '2026-03-01T08:00:05.000Z',
  cancel_requested_by: { id: 'bob', name: 'Bob' },
};

function show(state: JobState, change: Partial<Job> = {}) {
  const job = aWholeJob('a', state, change);
  render(
    <ThemeProvider theme={theme}>
      <JobOutcome job={job} title="Resize an image" />
    </ThemeProvider>,
  );
}

describe('what came of a job', () => {
  it('says who cancelled it', () => {
    show('cancelled', asked);
    expect(screen.getByText('Cancelled by Bob')).toBeInTheDocument();
  });

  it('says who asked it to stop while it still runs', () => {
    show('running', asked);
    expect(screen.getByText(/^Bob asked it to stop\./)).toBeInTheDocument();
    expect(screen.getByRole('progressbar')).toBeInTheDocument();
  });

  it('says nothing of a cancellation that nobody asked for, or that came too late', () => {
    show('running');
    show('completed', asked);
    expect(screen.queryByText(/asked it to stop|Cancelled by/)).not.toBeInTheDocument();
  });
});
