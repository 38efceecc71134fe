import { styled } from '@mui/material/styles';

const Svg = styled('svg')(({ theme }) => ({
  width: '1.5rem',
  height: '1.5rem',
  flex: 'none',
  fill: 'none',
  stroke: theme.vars.palette.primary.main,
  strokeWidth: 2,
  strokeLinecap: 'round',
}));

/** The race that runs to the wheel. */
export function Sign() {
  return (
    <Svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M1.5 6.5h6c2.5 0 3.2 1.2 4 2.6M1.5 12h8M1.5 17.5h6c2.5 0 3.2-1.2 4-2.6" />
      <circle cx="16" cy="12" r="5.5" />
      <circle cx="16" cy="12" r=".6" />
    </Svg>
  );
}
