import { styled } from '@mui/material/styles';
import { PRIORITIES } from '../../api/types';

const Svg = styled('svg')(({ theme }) => ({
  position: 'absolute',
  inset: 0,
  width: '100%',
  height: '100%',
  fill: 'none',
  stroke: theme.vars.palette.line,
  strokeWidth: 1,
}));

/** Four lanes that run to the wheel, drawn as still lines behind the card. */
export function Race() {
  return (
    <Svg viewBox="0 0 1440 900" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      {PRIORITIES.map((lane, depth) => (
        <path
          key={lane}
          vectorEffect="non-scaling-stroke"
          d={`M-20 ${180 + depth * 150}C420 ${180 + depth * 150} 480 ${372 + depth * 20} 720 ${372 + depth * 20}S1020 ${180 + depth * 150} 1460 ${180 + depth * 150}`}
        />
      ))}
    </Svg>
  );
}
