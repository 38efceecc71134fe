import { keyframes } from '@emotion/react';
import { styled } from '@mui/material/styles';
import type { LiveStatus } from '../realtime/connection';
import { useLiveStatus } from '../realtime/RealtimeProvider';
import { clockText, exactText } from './timeText';

const run = keyframes({ from: { strokeDashoffset: 0 }, to: { strokeDashoffset: -14 } });

const Pill = styled('div')(({ theme }) => ({
  ...theme.typography.caption,
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  height: theme.size.controlSmall,
  padding: theme.spacing(0, 2.5),
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.size.controlSmall,
  whiteSpace: 'nowrap',
  color: theme.vars.palette.text.secondary,
  '&[data-live=connected] svg': { stroke: theme.vars.palette.primary.main },
  '&[data-live=reconnecting], &[data-live=stale]': {
    color: theme.vars.palette.state.retrying.main,
    borderColor: theme.vars.palette.state.retrying.main,
  },
  '&[data-live=stale]': { backgroundColor: theme.vars.palette.state.retrying.soft },
}));

const Thread = styled('svg')(({ theme }) => ({
  width: '1.5rem',
  height: '0.625rem',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.75,
  strokeLinecap: 'round',
  '[data-live=connected] > & path': {
    strokeDasharray: '9 5',
    animation: `${run} ${theme.pace.flow} linear infinite`,
  },
  '[data-live=reconnecting] > & path': { strokeDasharray: '4 4' },
  '[data-live=stale] > & path': { strokeDasharray: '0.1 4' },
}));

/** Whether what is on screen is the present: a thread of flow that runs, breaks up, or stands still. */
export function LivePill() {
  const status = useLiveStatus();
  return (
    <Pill role="status" data-live={status.state} title={explanation(status)}>
      <Thread viewBox="0 0 24 10" aria-hidden="true">
        <path d="M1 5c2.75-4.5 4.75-4.5 7.25 0s4.75 4.5 7.25 0 4.75-4.5 7.25 0" />
      </Thread>
      {word(status)}
    </Pill>
  );
}

function word(status: LiveStatus): string {
  switch (status.state) {
    case 'connected':
      return 'Live';
    case 'reconnecting':
      return 'Reconnecting';
    case 'stale':
      return `Stale since ${clockText(status.since)}`;
  }
}

function explanation(status: LiveStatus): string {
  if (status.state === 'connected') return 'Changes appear as they happen.';
  const since = exactText(new Date(status.since).toISOString());
  return `No live changes since ${since}; trying to connect again.`;
}
