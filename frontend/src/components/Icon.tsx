import { styled } from '@mui/material/styles';

/** Our own drawings on a 16-pixel grid, one stroke width. */
const DRAWINGS = {
  scheduled: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 0 1 0-11.5M8 4.75V8l2.25 1.5',
  queued: 'M2.75 4h10.5M2.75 8h7.5M2.75 12h4.5',
  running: 'M1.75 8c1.6-3.4 3.1-3.4 4.7 0s3.1 3.4 4.7 0c.9-1.9 1.9-2.7 3.1-2.3',
  retrying: 'M13.25 8A5.25 5.25 0 1 1 11.4 4M13.5 1.9v2.85h-2.85',
  completed: 'M2.75 8.5l3.5 3.5 7-8',
  failed: 'M3.75 3.75l8.5 8.5M12.25 3.75l-8.5 8.5',
  cancelled: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 0 1 0-11.5M4 12L12 4',
  plus: 'M8 3v10M3 8h10',
  back: 'M9.75 3.25L5 8l4.75 4.75',
  open: 'M6.25 3.25L11 8l-4.75 4.75',
  down: 'M3.25 6L8 10.75 12.75 6',
  up: 'M3.25 10L8 5.25 12.75 10',
  copy: 'M5.5 5.5h7.75v7.75H5.5zM10.5 5.5V2.75H2.75v7.75H5.5',
  download: 'M8 2.25v8M4.75 7.25L8 10.5l3.25-3.25M2.75 13.5h10.5',
  upload: 'M8 10.5v-8M4.75 5.5L8 2.25 11.25 5.5M2.75 13.5h10.5',
  file: 'M4 1.75h5L12.25 5v9.25H4zM9 1.75V5h3.25',
  picture: 'M2.25 2.75h11.5v10.5H2.25zM2.5 11.5l3.25-3.5 2.75 3 2-2 3 3M10.25 5.75h.01',
  remove: 'M3 4.5h10M6.25 4.25V2.5h3.5v1.75M4.25 4.5l.6 9h6.3l.6-9',
  sun: 'M8 5.25a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 0 1 0-5.5M8 1.25v1.5M8 13.25v1.5M1.25 8h1.5M13.25 8h1.5M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1',
  moon: 'M13.25 9.6A5.75 5.75 0 1 1 6.4 2.75a4.6 4.6 0 0 0 6.85 6.85z',
  system: 'M2 2.75h12v8.5H2zM5.5 13.75h5M8 11.25v2.5',
  account:
    'M8 2.25a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 0 1 0-5.5M2.75 13.75c.5-2.7 2.5-4 5.25-4s4.75 1.3 5.25 4',
  warning: 'M8 2.5l6 10.75H2zM8 6.5v3M8 11.4v.01',
  away: 'M3 12.5c-1-.6-1.5-1.5-1.5-2.5 0-1.7 1.3-3 3-3 .4-2.4 2-3.75 4-3.75 2.3 0 4 1.7 4.1 4 1.2.3 1.9 1.3 1.9 2.5 0 1.6-1.2 2.75-2.75 2.75M6 10.5l4 4M10 10.5l-4 4',
  terminal: 'M2.75 4.25L6.5 8l-3.75 3.75M8 12.25h5.25',
} as const;

export type IconName = keyof typeof DRAWINGS;

const Svg = styled('svg')({
  width: '1em',
  height: '1em',
  flex: 'none',
  fontSize: '1rem',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.5,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
});

/** Decoration beside a word; what it stands for is always said in words too. */
export function Icon({ name, size }: { name: IconName; size?: string }) {
  return (
    <Svg viewBox="0 0 16 16" aria-hidden="true" {...(size && { style: { fontSize: size } })}>
      <path d={DRAWINGS[name]} />
    </Svg>
  );
}
