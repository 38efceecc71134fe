import { styled } from '@mui/material/styles';
import type { JobSummary } from '../../api/types';
import { Duration, useTicking } from '../../components/Clock';
import type { IconName } from '../../components/Icon';
import { Icon } from '../../components/Icon';
import { STATE_LOOK } from '../../components/jobStates';
import { ageText, exactText, momentText, secondsBetween } from '../../components/timeText';
import type { PathStep } from './statePath';
import { statePath } from './statePath';

const Path = styled('ol')(({ theme }) => ({
  display: 'flex',
  listStyle: 'none',
  margin: 0,
  padding: theme.spacing(4),
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  [theme.breakpoints.down('md')]: { flexDirection: 'column' },
}));

const Step = styled('li')(({ theme }) => ({
  position: 'relative',
  display: 'grid',
  gridTemplateColumns: 'auto minmax(0, 1fr)',
  columnGap: theme.spacing(2.5),
  alignContent: 'start',
  '&:not(:last-child)': { flex: '1 1 0' },
  '&[data-standing=ahead]': { color: theme.vars.palette.text.secondary },
  [theme.breakpoints.down('md')]: { '&:not(:last-child)': { paddingBottom: theme.spacing(3) } },
}));

const Mark = styled('span')(({ theme }) => ({
  position: 'relative',
  zIndex: 1,
  gridRow: 'span 2',
  display: 'grid',
  placeItems: 'center',
  width: '1.75rem',
  height: '1.75rem',
  borderRadius: '50%',
  border: `1px solid ${theme.vars.palette.line}`,
  backgroundColor: theme.vars.palette.background.paper,
  color: theme.vars.palette.text.secondary,
  ...Object.fromEntries(
    (Object.keys(STATE_LOOK) as (keyof typeof STATE_LOOK)[]).map((state) => [
      `[data-standing=current] > &[data-state=${state}]`,
      {
        color: theme.vars.palette.state[state].main,
        borderColor: theme.vars.palette.state[state].main,
        backgroundColor: theme.vars.palette.state[state].soft,
      },
    ]),
  ),
  '[data-standing=ahead] > &': { borderStyle: 'dashed' },
}));

const Word = styled('span')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  minHeight: '1.75rem',
  '[data-standing=current] > &': { fontWeight: theme.typography.fontWeightBold },
}));

/** The stretch to the next step, with the time it took. */
const Stretch = styled('span')(({ theme }) => ({
  ...theme.typography.mono,
  flex: 1,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  fontWeight: theme.typography.fontWeightRegular,
  color: theme.vars.palette.text.secondary,
  whiteSpace: 'nowrap',
  paddingRight: theme.spacing(2.5),
  '&::before, &::after': {
    content: '""',
    flex: 1,
    borderTop: `1px solid ${theme.vars.palette.line}`,
  },
  '&:empty': { gap: 0 },
  '&[data-ahead]::before, &[data-ahead]::after': { borderTopStyle: 'dashed' },
  [theme.breakpoints.down('md')]: { '&::before, &::after': { display: 'none' } },
}));

const When = styled('span')(({ theme }) => ({
  ...theme.typography.mono,
  color: theme.vars.palette.text.secondary,
}));

export function StatePath({ job }: { job: JobSummary }) {
  const steps = statePath(job);
  return (
    <Path aria-label="State path">
      {steps.map((step, index) => (
        <StepOnPath key={`${index}:${step.state}`} step={step} next={steps[index + 1]} />
      ))}
    </Path>
  );
}

function StepOnPath({ step, next }: { step: PathStep; next: PathStep | undefined }) {
  const look = step.state === 'submitted' ? SUBMITTED : STATE_LOOK[step.state];
  return (
    <Step
      data-standing={step.standing}
      {...(step.standing === 'current' && { 'aria-current': 'step' })}
    >
      <Mark data-state={step.state}>
        <Icon name={look.icon} size="0.875rem" />
      </Mark>
      <Word>
        {look.word}
        {next && (
          <Stretch data-ahead={next.standing === 'ahead' || undefined}>
            <Took step={step} next={next} />
          </Stretch>
        )}
      </Word>
      <When>
        {step.at && (
          <time dateTime={step.at} title={exactText(step.at)}>
            {momentText(step.at)}
          </time>
        )}
        {step.due && <Due at={step.due} />}
      </When>
    </Step>
  );
}

function Took({ step, next }: { step: PathStep; next: PathStep }) {
  if (!step.at) return null;
  if (next.at && secondsBetween(step.at, next.at) < TOO_SHORT_TO_TELL) return null;
  if (next.at) return <Duration from={step.at} to={next.at} />;
  return step.standing === 'current' ? <Duration from={step.at} to={null} /> : null;
}

function Due({ at }: { at: string }) {
  const text = useTicking((now) => {
    const ahead = -secondsBetween(at, now);
    return ahead < 1 ? 'due now' : `goes on in ${ageText(ahead)}`;
  });
  return (
    <time dateTime={at} title={exactText(at)}>
      {text}
    </time>
  );
}

const TOO_SHORT_TO_TELL = 0.05;

const SUBMITTED: { word: string; icon: IconName } = { word: 'Submitted', icon: 'upload' };
