import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import type { IconName } from './Icon';
import { Icon } from './Icon';

const Box = styled('div')(({ theme }) => ({
  display: 'flex',
  flexDirection: 'column',
  alignItems: 'center',
  gap: theme.spacing(2),
  padding: theme.spacing(16, 6),
  textAlign: 'center',
  color: theme.vars.palette.text.secondary,
  '& > svg': { color: theme.vars.palette.primary.main, marginBottom: theme.spacing(2) },
  '& h1, & h2': {
    ...theme.typography.subtitle1,
    fontWeight: theme.typography.fontWeightBold,
    margin: 0,
    color: theme.vars.palette.text.primary,
  },
  '& p': { margin: 0, maxWidth: '36em' },
}));

const Actions = styled('div')(({ theme }) => ({
  display: 'flex',
  gap: theme.spacing(2),
  marginTop: theme.spacing(3),
}));

interface EmptyStateProps {
  icon: IconName;
  title: string;
  /** The heading of a whole page, or of a part of one. */
  level?: 1 | 2;
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon, title, level = 2, children, action }: EmptyStateProps) {
  const Heading = level === 1 ? 'h1' : 'h2';
  return (
    <Box>
      <Icon name={icon} size="1.75rem" />
      <Heading>{title}</Heading>
      {children && <p>{children}</p>}
      {action && <Actions>{action}</Actions>}
    </Box>
  );
}
