import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { useId } from 'react';

const Frame = styled('section')(({ theme }) => ({
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  minWidth: 0,
}));

const Head = styled('header')(({ theme }) => ({
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  minHeight: theme.size.row,
  padding: theme.spacing(1, 2, 1, 4),
  borderBottom: `1px solid ${theme.vars.palette.line}`,
}));

const Title = styled('h2')(({ theme }) => ({
  ...theme.typography.h2,
  margin: 0,
  flex: 1,
  display: 'flex',
  alignItems: 'baseline',
  gap: theme.spacing(2),
}));

const Count = styled('span')(({ theme }) => ({
  ...theme.typography.mono,
  color: theme.vars.palette.text.secondary,
}));

const Body = styled('div')(({ theme }) => ({
  padding: theme.spacing(4),
  '[data-flush] > &': { padding: 0 },
}));

interface PanelProps {
  title: string;
  count?: number;
  action?: ReactNode;
  /** Content reaches the frame; it brings its own padding. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, count, action, flush = false, children }: PanelProps) {
  const titleId = useId();
  return (
    <Frame aria-labelledby={titleId} {...(flush && { 'data-flush': true })}>
      <Head>
        <Title>
          <span id={titleId}>{title}</span>
          {count !== undefined && <Count>{count}</Count>}
        </Title>
        {action}
      </Head>
      <Body>{children}</Body>
    </Frame>
  );
}
