import { keyframes } from '@emotion/react';
import { styled } from '@mui/material/styles';
import { Link } from 'react-router';
import type { JobState } from '../../api/types';

const glow = keyframes({ from: { opacity: 0.9 }, to: { opacity: 0 } });

export const Frame = styled('div')(({ theme }) => ({
  position: 'relative',
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  overflow: 'clip',
}));

export const Rows = styled('ul')({ listStyle: 'none', margin: 0, padding: 0 });

export const Row = styled('li')(({ theme }) => ({
  position: 'relative',
  // Rows out of sight cost no layout, so that a long list stays light without a virtual one.
  contentVisibility: 'auto',
  containIntrinsicSize: `auto ${theme.size.row}`,
  '& + &': { borderTop: `1px solid ${theme.vars.palette.line}` },
  '&[data-leaving]': { opacity: 0.5 },
}));

export const Glow = styled('span', { shouldForwardProp: (name) => name !== 'state' })<{
  state: JobState;
}>(({ theme, state }) => ({
  position: 'absolute',
  inset: 0,
  pointerEvents: 'none',
  opacity: 0,
  backgroundColor: theme.vars.palette.state[state].soft,
  boxShadow: `inset 2px 0 ${theme.vars.palette.state[state].main}`,
  animation: `${glow} ${theme.pace.glow} ease-out`,
}));

const COLUMNS = {
  all: '7rem minmax(0, 5fr) minmax(0, 4fr) 5.25rem 8rem 2.75rem 6rem 3.5rem',
  own: '7rem minmax(0, 5fr) minmax(0, 4fr) 5.25rem 2.75rem 6rem 3.5rem',
};

/** The header and the rows stand on the same columns. */
const columns = {
  display: 'grid',
  alignItems: 'center',
  gridTemplateColumns: COLUMNS.own,
  '&[data-submitters]': { gridTemplateColumns: COLUMNS.all },
} as const;

export const Header = styled('div')(({ theme }) => ({
  ...theme.typography.caption,
  ...columns,
  gap: theme.spacing(3),
  height: '2rem',
  padding: theme.spacing(0, 4, 0, 3),
  color: theme.vars.palette.text.secondary,
  backgroundColor: theme.vars.palette.sunken,
  borderBottom: `1px solid ${theme.vars.palette.line}`,
  '& > [data-end]': { textAlign: 'right' },
  [theme.breakpoints.down('md')]: { display: 'none' },
}));

export const RowLink = styled(Link)(({ theme }) => ({
  ...theme.typography.body2,
  ...columns,
  position: 'relative',
  gap: theme.spacing(3),
  minHeight: theme.size.row,
  padding: theme.spacing(0, 4, 0, 3),
  color: theme.vars.palette.text.primary,
  textDecoration: 'none',
  '&:hover': { backgroundColor: theme.vars.palette.hover },
  '&:focus-visible': { outlineOffset: -2 },
  [theme.breakpoints.down('md')]: {
    '&, &[data-submitters]': {
      gridTemplateColumns: 'auto minmax(0, 1fr) auto auto auto',
      gridTemplateAreas: '"state title priority attempt age" "detail detail ran ran ran"',
    },
    // Two lines: where a job stands says more than what it was given.
    '&:has([data-cell=standing]:not(:empty)) [data-part=summary]': { display: 'none' },
    '& [data-cell]:empty': { display: 'none' },
    columnGap: theme.spacing(2),
    rowGap: theme.spacing(1),
    padding: theme.spacing(2.5, 3),
  },
}));

export const Cell = styled('span')(({ theme }) => ({
  minWidth: 0,
  '&[data-cell=what]': {
    display: 'flex',
    gap: theme.spacing(2),
    whiteSpace: 'nowrap',
    '& strong, & [data-part=summary]': { overflow: 'hidden', textOverflow: 'ellipsis' },
    // The title gives way only where it would fill the column alone.
    '& strong': {
      fontWeight: theme.typography.fontWeightBold,
      flexShrink: 0,
      maxWidth: '100%',
    },
    '& [data-part=summary]': { color: theme.vars.palette.text.secondary },
  },
  '&[data-cell=priority]': {
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1.5),
    '&[data-usual]': { color: theme.vars.palette.text.secondary },
  },
  '&[data-cell=submitter]': {
    color: theme.vars.palette.text.secondary,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  '&[data-cell=attempt], &[data-cell=duration], &[data-cell=age]': {
    ...theme.typography.mono,
    color: theme.vars.palette.text.secondary,
    textAlign: 'right',
    whiteSpace: 'nowrap',
  },
  [theme.breakpoints.down('md')]: {
    '&[data-cell=state]': { gridArea: 'state' },
    '&[data-cell=what]': {
      display: 'contents',
      '& strong': { gridArea: 'title', overflow: 'hidden', textOverflow: 'ellipsis' },
      '& [data-part=summary]': { gridArea: 'detail' },
    },
    '&[data-cell=standing]': { gridArea: 'detail' },
    '&[data-cell=priority]': { gridArea: 'priority', '& > span': { display: 'none' } },
    '&[data-cell=priority][data-priority=normal]': { display: 'none' },
    '&[data-cell=attempt]': { gridArea: 'attempt' },
    '&[data-cell=age]': { gridArea: 'age' },
    '&[data-cell=submitter]': { display: 'none' },
    '&[data-cell=duration]': { gridArea: 'ran' },
  },
}));

export const Waiting = styled('div')(({ theme }) => ({
  position: 'sticky',
  zIndex: theme.zIndex.speedDial,
  top: `calc(${theme.size.bar} + ${theme.spacing(2)})`,
  height: 0,
  display: 'flex',
  justifyContent: 'center',
  '& button': { transform: 'translateY(-50%)', borderRadius: theme.size.controlSmall },
}));

export const More = styled('div')(({ theme }) => ({
  display: 'flex',
  justifyContent: 'center',
  padding: theme.spacing(3),
  borderTop: `1px solid ${theme.vars.palette.line}`,
}));
