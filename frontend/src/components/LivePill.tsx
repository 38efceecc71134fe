import { keyframes } from '@emotion/react';
import { styled } from '@mui/material/styles';
import type { LiveStatus } from '../realtime/connection';
import { useLiveStatus } from '../realtime/RealtimeProvider';
import { minuteText, exactText } from './timeText';

/** One length of the wave. */
const WAVE = '0.875rem';

const run = keyframes({
  from: { transform: 'translateX(0)' },
  to: { transform: `translateX(-${WAVE})` },
});

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
  minWidth: 0,
  '& > span:last-child': { overflow: 'hidden', textOverflow: 'ellipsis' },
  color: theme.vars.palette.text.secondary,
  '&[data-live=connected] svg': { stroke: theme.vars.palette.primary.main },
  '&[data-live=reconnecting], &[data-live=stale]': {
    color: theme.vars.palette.state.retrying.main,
    borderColor: theme.vars.palette.state.retrying.main,
  },
  '&[data-live=stale]': { backgroundColor: theme.vars.palette.state.retrying.soft },
}));

const Channel = styled('span')({
  flex: 'none',
  display: 'flex',
  width: '1.5rem',
  overflow: 'hidden',
});

const Thread = styled('svg')(({ theme }) => ({
  flex: 'none',
  width: `calc(3 * ${WAVE})`,
  height: '0.625rem',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.5,
  strokeLinecap: 'round',
  // Steps, because a thread that runs all day long should cost next to nothing.
  '[data-live=connected] &': { animation: `${run} ${theme.pace.flow} steps(28) infinite` },
  '[data-live=reconnecting] & path': { strokeDasharray: '4 4' },
  '[data-live=stale] & path': { strokeDasharray: '0.1 4' },
}));

/** Whether what is on screen is the present: a thread of flow that runs, breaks up, or stands still. */
export function LivePill() {
  const status = useLiveStatus();
  return (
    <Pill role="status" data-live={status.state} title={explanation(status)}>
      <Channel>
        <Thread viewBox="0 0 42 10" aria-hidden="true">
          <path d="M0 5q3.5 -5 7 0t7 0t7 0t7 0t7 0t7 0" />
        </Thread>
      </Channel>
      <span>{word(status)}</span>
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
      return `Stale since ${minuteText(status.since)}`;
  }
}

function explanation(status: LiveStatus): string {
  if (status.state === 'connected') return 'Changes appear as they happen.';
  const since = exactText(new Date(status.since).toISOString());
  return `No live changes since ${since}; trying to connect again.`;
}
