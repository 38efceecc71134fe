import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { useEffect } from 'react';

type Width = 'page' | 'reading' | 'form';

const Box = styled('div', { shouldForwardProp: (name) => name !== 'width' })<{ width: Width }>(
  ({ theme, width }) => ({
    width: '100%',
    maxWidth: theme.size[width],
    marginInline: 'auto',
    padding: theme.spacing(6, 6, 16),
    [theme.breakpoints.down('sm')]: { padding: theme.spacing(4, 4, 12) },
  }),
);

interface PageProps {
  /** Stands in the browser's tab. */
  title: string;
  width?: Width;
  children: ReactNode;
}

export function Page({ title, width = 'page', children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Millrace`;
  }, [title]);
  return <Box width={width}>{children}</Box>;
}
