import Button from '@mui/material/Button';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef } from 'react';
import { jobTypesQuery, typeTitle } from '../../api/jobTypes';
import type { JobSummary } from '../../api/types';
import { useUser } from '../../api/useSession';
import { Icon } from '../../components/Icon';
import { JobRow } from './JobRow';
import { Frame, Header, More, Rows, Waiting } from './listLayout';
import { useHold } from './useHold';

interface JobListProps {
  jobs: readonly JobSummary[];
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
}

export function JobList({ jobs, hasMore, isLoadingMore, loadMore }: JobListProps) {
  const types = useQuery(jobTypesQuery);
  const showSubmitter = useUser().role !== 'member';
  const { rows, waiting, release, watch } = useHold(jobs);
  return (
    <>
      {waiting > 0 && (
        <Waiting>
          <Button
            size="small"
            variant="contained"
            color="primary"
            startIcon={<Icon name="up" />}
            onClick={release}
          >
            {waiting} new
          </Button>
        </Waiting>
      )}
      <Frame {...watch}>
        <Columns showSubmitter={showSubmitter} />
        <Rows aria-label="Jobs">
          {rows.map(({ job, leaving }) => (
            <JobRow
              key={job.id}
              job={job}
              title={typeTitle(types.data, job.type)}
              leaving={leaving}
              showSubmitter={showSubmitter}
            />
          ))}
        </Rows>
        {hasMore && <LoadMore isLoading={isLoadingMore} load={loadMore} />}
      </Frame>
    </>
  );
}

/** For the eye; a reader hears each row as one sentence. */
function Columns({ showSubmitter }: { showSubmitter: boolean }) {
  return (
    <Header aria-hidden="true" data-submitters={showSubmitter || undefined}>
      <span>State</span>
      <span>Job</span>
      <span>Progress</span>
      <span>Priority</span>
      {showSubmitter && <span>Submitter</span>}
      <span data-end>Try</span>
      <span data-end>Duration</span>
      <span data-end>Age</span>
    </Header>
  );
}

/** Loads by itself when it comes near; the button is for the keyboard. */
function LoadMore({ isLoading, load }: { isLoading: boolean; load: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const whenNear = useEffectEvent((entries: IntersectionObserverEntry[]) => {
    if (entries.some((entry) => entry.isIntersecting) && !isLoading) load();
  });
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      whenNear(entries);
    }, NEAR);
    if (place.current) observer.observe(place.current);
    return () => {
      observer.disconnect();
    };
  }, [isLoading]);
  return (
    <More ref={place}>
      <Button size="small" onClick={load} disabled={isLoading}>
        {isLoading ? 'Loading' : 'Show older jobs'}
      </Button>
    </More>
  );
}

const NEAR = { rootMargin: '400px' };
