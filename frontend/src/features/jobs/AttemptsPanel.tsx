import { styled } from '@mui/material/styles';
import { useQuery } from '@tanstack/react-query';
import type { Attempt, JobState } from '../../api/types';
import { Duration } from '../../components/Clock';
import { Icon } from '../../components/Icon';
import { Panel } from '../../components/Panel';
import { exactText, momentText } from '../../components/timeText';
import { attemptsQuery } from './api';

interface OutcomeLook {
  word: string;
  /** The state whose colour and icon it takes. */
  as: JobState;
}

const OUTCOME_LOOK: Record<Attempt['outcome'], OutcomeLook> = {
  completed: { word: 'Completed', as: 'completed' },
  failed: { word: 'Failed', as: 'failed' },
  retrying: { word: 'Failed, tried again', as: 'retrying' },
  yielded: { word: 'Given back by its worker', as: 'queued' },
  lost: { word: 'Lost with its worker', as: 'retrying' },
  cancelled: { word: 'Cancelled', as: 'cancelled' },
};

const Entry = styled('details')(({ theme }) => ({
  ...theme.typography.body2,
  '& + &': { borderTop: `1px solid ${theme.vars.palette.line}` },
  '& > summary': {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(0, 3),
    minHeight: theme.size.row,
    padding: theme.spacing(0, 4),
    [theme.breakpoints.down('sm')]: { padding: theme.spacing(2, 4) },
    cursor: 'pointer',
    listStyle: 'none',
    '&:hover': { backgroundColor: theme.vars.palette.hover },
    '&:focus-visible': { outlineOffset: -2 },
    '& > svg': { transition: `transform ${theme.pace.quick}` },
  },
  '&[open] > summary > svg:first-of-type': { transform: 'rotate(90deg)' },
}));

const Outcome = styled('span', { shouldForwardProp: (name) => name !== 'look' })<{
  look: JobState;
}>(({ theme, look }) => ({
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1.5),
  flex: 1,
  color: theme.vars.palette.state[look].main,
}));

const Quiet = styled('span')(({ theme }) => ({
  ...theme.typography.mono,
  color: theme.vars.palette.text.secondary,
}));

const Inside = styled('div')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(2),
  padding: theme.spacing(1, 4, 4, 10),
  '& p': { margin: 0, overflowWrap: 'anywhere' },
}));

const Traceback = styled('pre')(({ theme }) => ({
  ...theme.typography.mono,
  margin: 0,
  padding: theme.spacing(3),
  maxHeight: theme.size.well,
  overflow: 'auto',
  borderRadius: theme.vars.shape.borderRadius,
  border: `1px solid ${theme.vars.palette.line}`,
  backgroundColor: theme.vars.palette.sunken,
}));

/** What each finished attempt came to, newest first. */
export function AttemptsPanel({ jobId }: { jobId: string }) {
  const attempts = useQuery(attemptsQuery(jobId));
  if (!attempts.data || attempts.data.length === 0) return null;
  return (
    <Panel title="Attempts" count={attempts.data.length} flush>
      {attempts.data.map((attempt) => (
        <AttemptEntry key={attempt.number} attempt={attempt} />
      ))}
    </Panel>
  );
}

function AttemptEntry({ attempt }: { attempt: Attempt }) {
  const look = OUTCOME_LOOK[attempt.outcome];
  const { started_at: start, ended_at: end, error } = attempt;
  return (
    <Entry>
      <summary>
        <Icon name="open" size="0.75rem" />
        <strong>Attempt {attempt.number}</strong>
        <Outcome look={look.as}>
          <Icon name={look.as} size="0.875rem" />
          {look.word}
        </Outcome>
        {start && end && (
          <Quiet>
            <Duration from={start} to={end} />
          </Quiet>
        )}
        {start && <Quiet title={exactText(start)}>{momentText(start)}</Quiet>}
      </summary>
      <Inside>
        {attempt.worker_id && <Quiet>on {attempt.worker_id}</Quiet>}
        {error ? (
          <>
            <p>
              {error.message} <Quiet>{error.code}</Quiet>
            </p>
            {error.traceback && (
              // A scrolled region has to be reachable, or the keyboard couldn't scroll it.
              <Traceback
                role="region"
                aria-label={`Traceback of attempt ${attempt.number}`}
                tabIndex={0}
              >
                {error.traceback}
              </Traceback>
            )}
          </>
        ) : (
          <p>It ended without an error.</p>
        )}
      </Inside>
    </Entry>
  );
}
