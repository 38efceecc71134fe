import { keyframes } from '@emotion/react';
import { styled } from '@mui/material/styles';

const flow = keyframes({
  from: { transform: 'translateX(-100%)' },
  to: { transform: 'translateX(100%)' },
});
const drift = keyframes({
  from: { transform: 'translateX(-100%)' },
  to: { transform: 'translateX(334%)' },
});

const Channel = styled('span')(({ theme }) => ({
  display: 'block',
  position: 'relative',
  height: theme.spacing(1),
  minWidth: theme.spacing(8),
  borderRadius: theme.spacing(0.5),
  overflow: 'hidden',
  backgroundColor: theme.vars.palette.line,
}));

/** The water in the channel: its front edge moves for as long as the job does. All of it moves by transforms, which cost no layout. */
const Water = styled('span')(({ theme }) => ({
  position: 'absolute',
  inset: 0,
  overflow: 'hidden',
  borderRadius: theme.spacing(0.5),
  backgroundColor: theme.vars.palette.state.running.main,
  transition: `transform ${theme.pace.glow} cubic-bezier(0.2, 0.7, 0.2, 1)`,
  '&::after': {
    content: '""',
    position: 'absolute',
    insetBlock: 0,
    right: 0,
    width: theme.spacing(12),
    maxWidth: '100%',
    background: `linear-gradient(90deg, transparent, ${theme.vars.palette.state.running.soft}, transparent)`,
    opacity: 0.5,
    animation: `${flow} ${theme.pace.flow} linear infinite`,
  },
  '&[data-open]': { right: '70%', animation: `${drift} ${theme.pace.flow} linear infinite` },
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
      {percent === null ? (
        <Water data-open />
      ) : (
        <Water style={{ transform: `translateX(${percent - 100}%)` }} />
      )}
    </Channel>
  );
}
