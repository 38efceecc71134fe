import { styled } from '@mui/material/styles';
import type { JobSummary } from '../../api/types';
import { useTicking } from '../../components/Clock';
import { ProgressBar } from '../../components/ProgressBar';
import { ageText, secondsBetween } from '../../components/timeText';
import { progressNow } from './progressNow';

const Standing = styled('span')(({ theme }) => ({
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2.5),
  minWidth: 0,
  color: theme.vars.palette.text.secondary,
  '& [data-part=words]': { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  '& [data-part=until]': { whiteSpace: 'nowrap' },
  '& [data-part=bar]': { flex: '0 0 7rem' },
  '& [data-part=percent]': { ...theme.typography.mono, minWidth: '4ch', textAlign: 'right' },
  '& [data-tone=failure]': { color: theme.vars.palette.state.failed.main },
  '& [data-tone=attention]': { color: theme.vars.palette.state.retrying.main },
}));

/** Where a job stands, in the space beside its name: its progress, its error, or when it goes on. */
export function JobStanding({ job, title }: { job: JobSummary; title: string }) {
  switch (job.state) {
    case 'running':
      return <Running job={job} title={title} />;
    case 'failed':
      return <Words tone="failure">{firstLine(job.error?.message)}</Words>;
    case 'retrying':
      return (
        <Standing>
          {job.run_at && <Until at={job.run_at} lead="Again" tone="attention" />}
          <span data-part="words">{firstLine(job.error?.message)}</span>
        </Standing>
      );
    case 'scheduled':
      return <Standing>{job.run_at && <Until at={job.run_at} lead="Starts" />}</Standing>;
    default:
      return null;
  }
}

function Words({ tone, children }: { tone: 'failure' | 'attention'; children: string }) {
  return (
    <Standing>
      <span data-part="words" data-tone={tone} title={children}>
        {children}
      </span>
    </Standing>
  );
}

function Running({ job, title }: { job: JobSummary; title: string }) {
  if (job.cancel_requested_at) return <Words tone="attention">Asked to stop</Words>;
  const progress = progressNow(job);
  const fraction = progress?.fraction ?? null;
  return (
    <Standing>
      <span data-part="bar">
        <ProgressBar fraction={fraction} label={`Progress of ${title}`} />
      </span>
      {fraction !== null && <span data-part="percent">{Math.round(fraction * 100)}%</span>}
      <span data-part="words">{progress?.message}</span>
    </Standing>
  );
}

interface UntilProps {
  at: string;
  lead: string;
  tone?: 'attention';
}

function Until({ at, lead, tone }: UntilProps) {
  const text = useTicking((now) => {
    const ahead = -secondsBetween(at, now);
    return ahead < 1 ? `${lead} now` : `${lead} in ${ageText(ahead)}`;
  });
  return (
    <span data-part="until" data-tone={tone}>
      {text}
    </span>
  );
}

function firstLine(text: string | undefined): string {
  return text?.split('\n', 1)[0] ?? '';
}
