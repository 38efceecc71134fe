import { keyframes } from '@emotion/react';
import { styled } from '@mui/material/styles';

const flow = keyframes({
  from: { transform: 'translateX(-100%)' },
  to: { transform: 'translateX(100%)' },
});
const drift = keyframes({ from: { left: '-30%' }, to: { left: '100%' } });

const Channel = styled('span')(({ theme }) => ({
  display: 'block',
  position: 'relative',
  height: theme.spacing(1),
  minWidth: theme.spacing(8),
  borderRadius: theme.spacing(0.5),
  overflow: 'hidden',
  backgroundColor: theme.vars.palette.line,
}));

/** The water in the channel: its front edge moves for as long as the job does. */
const Water = styled('span')(({ theme }) => ({
  position: 'absolute',
  insetBlock: 0,
  left: 0,
  overflow: 'hidden',
  borderRadius: theme.spacing(0.5),
  backgroundColor: theme.vars.palette.state.running.main,
  transition: `width ${theme.pace.glow} cubic-bezier(0.2, 0.7, 0.2, 1)`,
  '&::after': {
    content: '""',
    position: 'absolute',
    insetBlock: 0,
    right: 0,
    width: theme.spacing(12),
    maxWidth: '100%',
    background: `linear-gradient(90deg, transparent, ${theme.vars.palette.state.running.soft} 80%, transparent)`,
    opacity: 0.7,
    animation: `${flow} ${theme.pace.flow} linear infinite`,
  },
  '&[data-open]': { width: '30%', animation: `${drift} ${theme.pace.flow} linear infinite` },
}));

interface ProgressBarProps {
  /** 0 to 1; null where the end isn't known. */
  fraction: number | null;
  label: string;
}

export function ProgressBar({ fraction, label }: ProgressBarProps) {
  const percent = fraction === null ? null : Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return (
    <Channel
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent !== null && { 'aria-valuenow': percent })}
    >
      {percent === null ? <Water data-open /> : <Water style={{ width: `${percent}%` }} />}
    </Channel>
  );
}
