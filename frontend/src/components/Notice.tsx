import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import type { IconName } from './Icon';
import { Icon } from './Icon';

const Box = styled('div')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'flex',
  gap: theme.spacing(2.5),
  padding: theme.spacing(2.5, 3.5),
  borderRadius: theme.vars.shape.borderRadius,
  overflowWrap: 'anywhere',
  '& > svg': { marginTop: theme.spacing(0.5) },
  '&[data-tone=failure]': {
    color: theme.vars.palette.state.failed.main,
    backgroundColor: theme.vars.palette.state.failed.soft,
  },
  '&[data-tone=attention]': {
    color: theme.vars.palette.state.retrying.main,
    backgroundColor: theme.vars.palette.state.retrying.soft,
  },
  '&[data-tone=calm]': {
    color: theme.vars.palette.text.secondary,
    backgroundColor: theme.vars.palette.sunken,
  },
}));

type Tone = 'failure' | 'attention' | 'calm';

const TONE_ICON: Record<Tone, IconName> = {
  failure: 'failed',
  attention: 'warning',
  calm: 'scheduled',
};

interface NoticeProps {
  tone: Tone;
  icon?: IconName;
  /** Failures are announced; what merely explains isn't. */
  children: ReactNode;
}

export function Notice({ tone, icon, children }: NoticeProps) {
  return (
    <Box data-tone={tone} {...(tone === 'failure' && { role: 'alert' })}>
      <Icon name={icon ?? TONE_ICON[tone]} />
      <div>{children}</div>
    </Box>
  );
}
