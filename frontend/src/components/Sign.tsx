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
      <path d="M1.5 7.5h7.5M1.5 12h6M1.5 16.5h7.5" />
      <circle cx="16.5" cy="12" r="5.5" />
      <path strokeWidth="1.25" d="M16.5 9.5v5M14.3 10.75l4.4 2.5M18.7 10.75l-4.4 2.5" />
    </Svg>
  );
}
