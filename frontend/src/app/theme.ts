import type { JobState } from '../api/types';
import type { Theme } from '@mui/material/styles';
import { createTheme } from '@mui/material/styles';

/** The one home of every colour, size and pace. */

export interface StateColour {
  /** Words, icons and lines. */
  main: string;
  /** The ground under them. */
  soft: string;
}

interface Size {
  row: string;
  control: string;
  controlSmall: string;
  chip: string;
  bar: string;
  page: string;
  reading: string;
  form: string;
  aside: string;
  well: string;
  picture: string;
  number: string;
}

interface Pace {
  quick: string;
  glow: string;
  flow: string;
}

declare module '@mui/material/styles' {
  interface CssThemeVariables {
    enabled: true;
  }
  interface Palette {
    state: Record<JobState, StateColour>;
    sunken: string;
    hover: string;
    line: string;
    lineStrong: string;
    accentSoft: string;
    lane: string;
  }
  interface PaletteOptions {
    state: Record<JobState, StateColour>;
    sunken: string;
    hover: string;
    line: string;
    lineStrong: string;
    accentSoft: string;
    lane: string;
  }
  interface Theme {
    size: Size;
    pace: Pace;
  }
  interface ThemeOptions {
    size: Size;
    pace: Pace;
  }
  interface TypographyVariants {
    mono: React.CSSProperties;
  }
  interface TypographyVariantsOptions {
    mono: React.CSSProperties;
  }
}

declare module '@mui/material/Typography' {
  interface TypographyPropsVariantOverrides {
    mono: true;
  }
}

export const LIGHT = {
  primary: { main: '#0b6b6c', dark: '#085455', light: '#0f8586', contrastText: '#ffffff' },
  error: { main: '#b3261e' },
  warning: { main: '#855300' },
  success: { main: '#1c7139' },
  info: { main: '#0b6b6c' },
  background: { default: '#f5f7f8', paper: '#ffffff' },
  text: { primary: '#152124', secondary: '#55666b', disabled: '#8a989c' },
  divider: '#e0e6e8',
  line: '#e0e6e8',
  lineStrong: '#7f9196',
  sunken: '#f0f3f4',
  hover: '#f4f8f8',
  accentSoft: '#e0f0ef',
  lane: '#cfd8da',
  state: {
    scheduled: { main: '#6444bd', soft: '#efebfa' },
    queued: { main: '#43607e', soft: '#e8eef4' },
    running: { main: '#0b6b6c', soft: '#dff1f0' },
    retrying: { main: '#855300', soft: '#fbf0d9' },
    completed: { main: '#1c7139', soft: '#e4f3e8' },
    failed: { main: '#b3261e', soft: '#fce9e7' },
    cancelled: { main: '#566164', soft: '#eceff0' },
  },
} as const;

export const DARK = {
  primary: { main: '#45c8bd', dark: '#2fa79d', light: '#74dbd2', contrastText: '#06201f' },
  error: { main: '#ff8f86' },
  warning: { main: '#efb64e' },
  success: { main: '#70cc8c' },
  info: { main: '#45c8bd' },
  background: { default: '#0d1416', paper: '#131c1f' },
  text: { primary: '#dbe5e7', secondary: '#90a2a7', disabled: '#64767b' },
  divider: '#243135',
  line: '#243135',
  lineStrong: '#6a7d82',
  sunken: '#0f1719',
  hover: '#182327',
  accentSoft: '#123231',
  lane: '#33444a',
  state: {
    scheduled: { main: '#b8a4f4', soft: '#262140' },
    queued: { main: '#a0b7cf', soft: '#1e2a36' },
    running: { main: '#4fd0c5', soft: '#123231' },
    retrying: { main: '#efb64e', soft: '#33280f' },
    completed: { main: '#70cc8c', soft: '#152e1e' },
    failed: { main: '#ff8f86', soft: '#3a1d1c' },
    cancelled: { main: '#a3b0b4', soft: '#222c2f' },
  },
} as const;

const WORDS = "'Inter', system-ui, 'Segoe UI', sans-serif";
const MONO = "'JetBrains Mono', ui-monospace, 'SFMono-Regular', Menlo, monospace";
const REGULAR = 400;
const STRONG = 600;

const SMALL = { fontSize: '0.75rem', lineHeight: '1rem' };
const DENSE = { fontSize: '0.8125rem', lineHeight: '1.25rem' };
const BODY = { fontSize: '0.875rem', lineHeight: '1.25rem' };
const LEAD = { fontSize: '1rem', lineHeight: '1.5rem' };
const TITLE = { fontSize: '1.375rem', lineHeight: '1.75rem' };

const focusRing = (theme: Theme) => ({
  outline: `2px solid ${theme.vars.palette.primary.main}`,
  outlineOffset: 2,
});

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: 'data-theme' },
  colorSchemes: { light: { palette: LIGHT }, dark: { palette: DARK } },
  spacing: 4,
  shape: { borderRadius: 8 },
  size: {
    row: '2.5rem',
    control: '2.25rem',
    controlSmall: '1.75rem',
    chip: '1.375rem',
    bar: '3rem',
    page: '90rem',
    reading: '76rem',
    form: '44rem',
    aside: '20rem',
    well: '24rem',
    picture: '11rem',
    number: '12rem',
  },
  pace: { quick: '120ms', glow: '1800ms', flow: '1600ms' },
  typography: {
    fontFamily: WORDS,
    fontWeightRegular: REGULAR,
    fontWeightMedium: STRONG,
    fontWeightBold: STRONG,
    h1: { ...TITLE, fontWeight: STRONG, letterSpacing: '-0.014em' },
    h2: { ...BODY, fontWeight: STRONG },
    h3: { ...DENSE, fontWeight: STRONG },
    subtitle1: { ...LEAD, fontWeight: REGULAR },
    body1: { ...BODY, letterSpacing: 0 },
    body2: { ...DENSE, letterSpacing: 0 },
    caption: { ...SMALL, letterSpacing: 0 },
    button: { ...DENSE, fontWeight: STRONG, textTransform: 'none', letterSpacing: 0 },
    mono: {
      ...SMALL,
      fontFamily: MONO,
      fontVariantNumeric: 'tabular-nums',
      letterSpacing: '-0.02em',
    },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: (theme) => ({
        html: { overflowY: 'scroll' },
        body: { ...BODY, WebkitFontSmoothing: 'antialiased' },
        ':focus-visible': focusRing(theme),
        '::selection': { backgroundColor: theme.vars.palette.accentSoft },
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': {
            animationDuration: '0s !important',
            animationIterationCount: '1 !important',
            transitionDuration: '0s !important',
            scrollBehavior: 'auto !important',
          },
        },
      }),
    },
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiButton: {
      defaultProps: { disableElevation: true, variant: 'outlined', color: 'inherit' },
      styleOverrides: {
        root: ({ theme }) => ({
          minWidth: 0,
          height: theme.size.control,
          padding: theme.spacing(0, 3.5),
          borderColor: theme.vars.palette.line,
          whiteSpace: 'nowrap',
          '&.MuiButton-colorInherit': { color: theme.vars.palette.text.primary },
          '&.Mui-focusVisible': focusRing(theme),
          '&.Mui-disabled, &.MuiButton-colorInherit.Mui-disabled': {
            color: theme.vars.palette.text.disabled,
          },
        }),
        outlined: ({ theme }) => ({
          backgroundColor: theme.vars.palette.background.paper,
          '&:hover': {
            backgroundColor: theme.vars.palette.hover,
            borderColor: theme.vars.palette.lineStrong,
          },
        }),
        sizeSmall: ({ theme }) => ({
          height: theme.size.controlSmall,
          padding: theme.spacing(0, 2),
        }),
        startIcon: ({ theme }) => ({ marginLeft: 0, marginRight: theme.spacing(1.5) }),
      },
    },
    MuiIconButton: {
      styleOverrides: {
        root: ({ theme }) => ({
          width: theme.size.control,
          height: theme.size.control,
          borderRadius: theme.vars.shape.borderRadius,
          color: theme.vars.palette.text.secondary,
          '&:hover': {
            backgroundColor: theme.vars.palette.hover,
            color: theme.vars.palette.text.primary,
          },
          '&.Mui-focusVisible': focusRing(theme),
        }),
        sizeSmall: ({ theme }) => ({
          width: theme.size.controlSmall,
          height: theme.size.controlSmall,
          padding: 0,
        }),
      },
    },
    MuiLink: { defaultProps: { underline: 'hover' } },
  },
});
