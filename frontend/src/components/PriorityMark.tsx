import { styled } from '@mui/material/styles';
import type { Priority } from '../api/types';
import { PRIORITIES } from '../api/types';

export const PRIORITY_WORD: Record<Priority, string> = {
  critical: 'Critical',
  high: 'High',
  normal: 'Normal',
  low: 'Low',
};

const Mark = styled('span')(({ theme }) => ({
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1.5),
  whiteSpace: 'nowrap',
  '&[data-priority=normal], &[data-priority=low]': { color: theme.vars.palette.text.secondary },
}));

const Lanes = styled('svg')(({ theme }) => ({
  width: '0.875rem',
  height: '0.875rem',
  flex: 'none',
  strokeWidth: 2,
  strokeLinecap: 'round',
  stroke: theme.vars.palette.lane,
  '& [data-lane=own]': { stroke: theme.vars.palette.text.secondary },
  '&[data-priority=critical] [data-lane=own], &[data-priority=high] [data-lane=own]': {
    stroke: theme.vars.palette.primary.main,
  },
}));

/** Four lanes of the race, the job's own one lit. */
export function LaneMark({ priority }: { priority: Priority }) {
  return (
    <Lanes viewBox="0 0 14 14" aria-hidden="true" data-priority={priority}>
      {PRIORITIES.map((lane, depth) => (
        <path
          key={lane}
          d={`M1 ${1 + depth * 4}h12`}
          {...(lane === priority && { 'data-lane': 'own' })}
        />
      ))}
    </Lanes>
  );
}

export function PriorityMark({ priority }: { priority: Priority }) {
  return (
    <Mark data-priority={priority}>
      <LaneMark priority={priority} />
      {PRIORITY_WORD[priority]}
    </Mark>
  );
}
