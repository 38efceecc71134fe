import type { Theme } from '@mui/material/styles';
import { styled } from '@mui/material/styles';

const control = (theme: Theme) =>
  ({
    ...theme.typography.body1,
    fontFamily: 'inherit',
    width: '100%',
    minWidth: 0,
    height: theme.size.control,
    padding: theme.spacing(0, 3),
    color: theme.vars.palette.text.primary,
    backgroundColor: theme.vars.palette.background.paper,
    border: `1px solid ${theme.vars.palette.lineStrong}`,
    borderRadius: theme.vars.shape.borderRadius,
    '&:hover': { borderColor: theme.vars.palette.text.secondary },
    '&:focus-visible': { outlineOffset: 0 },
    '&[aria-invalid]': { borderColor: theme.vars.palette.state.failed.main },
    '&::placeholder': { color: theme.vars.palette.text.secondary, opacity: 1 },
    '&:disabled': { color: theme.vars.palette.text.disabled },
  }) as const;

export const Input = styled('input')(({ theme }) => ({
  ...control(theme),
  // A number needs no more room than it takes.
  [theme.breakpoints.up('sm')]: { '&[inputmode]': { maxWidth: theme.size.number } },
}));

export const TextArea = styled('textarea')(({ theme }) => ({
  ...control(theme),
  height: 'auto',
  padding: theme.spacing(1.75, 3),
  resize: 'vertical',
  fieldSizing: 'content',
  minHeight: theme.spacing(18),
  maxHeight: theme.size.well,
}));

/** The platform's own list: it is reachable by keyboard and good on a phone. */
export const Select = styled('select')(({ theme }) => ({
  ...control(theme),
  cursor: 'pointer',
  appearance: 'none',
  paddingRight: theme.spacing(8),
  backgroundImage:
    'linear-gradient(45deg, transparent 50%, currentColor 50%), linear-gradient(135deg, currentColor 50%, transparent 50%)',
  backgroundSize: '5px 5px',
  backgroundPosition: 'right 16px center, right 11px center',
  backgroundRepeat: 'no-repeat',
}));

export const CheckBox = styled('input')(({ theme }) => ({
  width: '1rem',
  height: '1rem',
  margin: 0,
  flex: 'none',
  accentColor: theme.vars.palette.primary.main,
  cursor: 'pointer',
}));
