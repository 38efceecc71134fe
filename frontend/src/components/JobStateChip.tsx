import { styled } from '@mui/material/styles';
import type { JobState } from '../api/types';
import { Icon } from './Icon';
import { STATE_LOOK } from './jobStates';

const Chip = styled('span', { shouldForwardProp: (name) => name !== 'state' })<{
  state: JobState;
}>(({ theme, state }) => ({
  ...theme.typography.caption,
  fontWeight: theme.typography.fontWeightBold,
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1.25),
  height: theme.size.chip,
  padding: theme.spacing(0, 2, 0, 1.5),
  borderRadius: theme.spacing(1.5),
  whiteSpace: 'nowrap',
  color: theme.vars.palette.state[state].main,
  backgroundColor: theme.vars.palette.state[state].soft,
}));

export function JobStateChip({ state }: { state: JobState }) {
  const { word, icon } = STATE_LOOK[state];
  return (
    <Chip state={state} data-state={state}>
      <Icon name={icon} size="0.875rem" />
      {word}
    </Chip>
  );
}
