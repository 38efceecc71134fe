import type { JobSummary } from '../../api/types';
import { FINISHED } from '../../api/types';
import { Age, Duration } from '../../components/Clock';
import { JobStateChip } from '../../components/JobStateChip';
import { LaneMark, PRIORITY_WORD } from '../../components/PriorityMark';
import { VisuallyHidden } from '../../components/VisuallyHidden';
import { JobStanding } from './JobStanding';
import { Cell, Glow, Row, RowLink } from './listLayout';
import { tryCount } from './tryCount';
import { useChangeCount } from './useChangeCount';

interface JobRowProps {
  job: JobSummary;
  title: string;
  leaving: boolean;
  showSubmitter: boolean;
}

export function JobRow({ job, title, leaving, showSubmitter }: JobRowProps) {
  const changes = useChangeCount(job.state);
  const isUsual = job.priority === 'normal' || job.priority === 'low';
  return (
    <Row data-leaving={leaving || undefined}>
      {changes > 0 && <Glow key={changes} state={job.state} />}
      <RowLink to={`/jobs/${job.id}`} data-submitters={showSubmitter || undefined}>
        <Cell data-cell="state">
          <JobStateChip state={job.state} />
        </Cell>
        <Cell data-cell="what">
          <strong>{title}</strong>
          {job.summary && <span data-part="summary">{job.summary}</span>}
        </Cell>
        <Cell data-cell="standing">
          <JobStanding job={job} title={title} />
        </Cell>
        <Cell data-cell="priority" data-usual={isUsual || undefined} data-priority={job.priority}>
          <LaneMark priority={job.priority} />
          <span>{PRIORITY_WORD[job.priority]}</span>
        </Cell>
        {showSubmitter && <Cell data-cell="submitter">{job.submitter.name}</Cell>}
        <Cell data-cell="attempt">{tryCount(job) > 1 && <TryCount job={job} />}</Cell>
        <Cell data-cell="duration">
          {job.started_at && hasRun(job) && <Duration from={job.started_at} to={job.finished_at} />}
        </Cell>
        <Cell data-cell="age">
          <Age at={job.created_at} />
        </Cell>
      </RowLink>
    </Row>
  );
}

function TryCount({ job }: { job: JobSummary }) {
  const count = tryCount(job);
  return (
    <>
      <VisuallyHidden>
        try {count} of {job.max_attempts}
      </VisuallyHidden>
      <span aria-hidden="true" title={`Try ${count} of at most ${job.max_attempts}`}>
        {count}/{job.max_attempts}
      </span>
    </>
  );
}

function hasRun(job: JobSummary): boolean {
  return job.state === 'running' || FINISHED.has(job.state);
}
