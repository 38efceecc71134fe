import { styled } from '@mui/material/styles';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { UIEvent } from 'react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { LogLine } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { CheckBox } from '../../components/inputs';
import { Panel } from '../../components/Panel';
import { clockText, exactText } from '../../components/timeText';
import { logQuery } from './api';

/** So close to the end counts as being there. */
const AT_END_PX = 24;

const Well = styled('div')(({ theme }) => ({
  ...theme.typography.mono,
  maxHeight: theme.size.well,
  overflow: 'auto',
  padding: theme.spacing(2, 0),
  borderRadius: `0 0 ${theme.vars.shape.borderRadius} ${theme.vars.shape.borderRadius}`,
  backgroundColor: theme.vars.palette.sunken,
  '&:focus-visible': { outlineOffset: -2 },
  '& > p': { margin: 0, padding: theme.spacing(2, 4), color: theme.vars.palette.text.secondary },
}));

const Line = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: '5.5rem 4rem minmax(0, 1fr)',
  columnGap: theme.spacing(3),
  padding: theme.spacing(0.5, 4),
  '& > time, & > [data-part=level]': { color: theme.vars.palette.text.secondary },
  '& > [data-part=message]': { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  '&[data-level=debug]': { color: theme.vars.palette.text.secondary },
  '&[data-level=warning] > [data-part=level]': { color: theme.vars.palette.state.retrying.main },
  '&[data-level=error] > :not(time)': { color: theme.vars.palette.state.failed.main },
  '&:hover': { backgroundColor: theme.vars.palette.hover },
  [theme.breakpoints.down('sm')]: {
    gridTemplateColumns: 'auto minmax(0, 1fr)',
    '& > [data-part=message]': { gridColumn: '1 / -1' },
  },
}));

const Follow = styled('label')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1.5),
  color: theme.vars.palette.text.secondary,
  cursor: 'pointer',
}));

export function LogPanel({ jobId, isRunning }: { jobId: string; isRunning: boolean }) {
  const { data, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(logQuery(jobId));
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const lines = data?.pages.flatMap((page) => page.items) ?? [];
  const [follow, setFollow] = useState(true);
  if (lines.length === 0 && !isRunning) return null;
  return (
    <Panel
      title="Log"
      {...(lines.length > 0 && { count: lines.length })}
      flush
      action={
        <>
          <Follow>
            <CheckBox
              type="checkbox"
              checked={follow}
              onChange={(event) => {
                setFollow(event.target.checked);
              }}
            />
            Follow
          </Follow>
          <CopyButton label="Copy log" text={() => lines.map(asText).join('\n')} />
        </>
      }
    >
      <Lines lines={lines} follow={follow} setFollow={setFollow} />
    </Panel>
  );
}

interface LinesProps {
  lines: readonly LogLine[];
  follow: boolean;
  setFollow: (follow: boolean) => void;
}

function Lines({ lines, follow, setFollow }: LinesProps) {
  const well = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (follow) well.current?.scrollTo({ top: well.current.scrollHeight });
  }, [follow, lines.length]);
  const look = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: UIEvent) => {
    const isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (isAtEnd !== follow) setFollow(isAtEnd);
  };
  return (
    // A scrolled region has to be reachable, or the keyboard couldn't scroll it.
    <Well ref={well} role="region" aria-label="Log lines" tabIndex={0} onScroll={look}>
      {lines.length === 0 && <p>Nothing has been logged yet.</p>}
      {lines.map((line) => (
        <Line key={`${line.attempt}:${line.seq}`} data-level={line.level}>
          <time dateTime={line.at} title={exactText(line.at)}>
            {clockText(line.at)}
          </time>
          <span data-part="level">{line.level}</span>
          <span data-part="message">{line.message}</span>
        </Line>
      ))}
    </Well>
  );
}

function asText({ at, level, message }: LogLine): string {
  return `${at} ${level} ${message}`;
}
