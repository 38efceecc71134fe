import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { jobTypesQuery } from '../../api/jobTypes';
import type { JobFilter, JobState } from '../../api/types';
import { JOB_STATES, PRIORITIES } from '../../api/types';
import { useUser } from '../../api/useSession';
import { Icon } from '../../components/Icon';
import { Select } from '../../components/inputs';
import { STATE_LOOK } from '../../components/jobStates';
import { PRIORITY_WORD } from '../../components/PriorityMark';
import { filterFrom, isFiltered, toggled, withValues } from './filter';

const Bar = styled('div')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  alignItems: 'center',
  gap: theme.spacing(2),
  marginBottom: theme.spacing(4),
}));

const States = styled('div')(({ theme }) => ({
  display: 'flex',
  flex: '1 1 auto',
  gap: theme.spacing(1),
  minWidth: 0,
  padding: theme.spacing(0.5),
  margin: theme.spacing(-0.5),
  marginLeft: theme.spacing(-2),
  [theme.breakpoints.down('sm')]: {
    flexBasis: '100%',
    marginInline: theme.spacing(-4),
    paddingInline: theme.spacing(2),
  },
  overflowX: 'auto',
  scrollbarWidth: 'none',
}));

const StateToggle = styled('button', { shouldForwardProp: (name) => name !== 'state' })<{
  state: JobState;
}>(({ theme, state }) => ({
  ...theme.typography.caption,
  fontFamily: 'inherit',
  fontWeight: theme.typography.fontWeightBold,
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1.5),
  height: theme.size.controlSmall,
  padding: theme.spacing(0, 2.5, 0, 2),
  border: '1px solid transparent',
  borderRadius: theme.vars.shape.borderRadius,
  color: theme.vars.palette.text.secondary,
  background: 'none',
  whiteSpace: 'nowrap',
  cursor: 'pointer',
  '& svg': { color: theme.vars.palette.state[state].main },
  '&:hover': { color: theme.vars.palette.text.primary, borderColor: theme.vars.palette.line },
  '&[aria-pressed=true]': {
    color: theme.vars.palette.state[state].main,
    backgroundColor: theme.vars.palette.state[state].soft,
    borderColor: theme.vars.palette.state[state].main,
  },
}));

const Choices = styled('div')(({ theme }) => ({
  display: 'flex',
  gap: theme.spacing(2),
  alignItems: 'center',
  '& select': {
    ...theme.typography.body2,
    width: 'auto',
    // A job type with a long title doesn't push the choices to a line of their own.
    maxWidth: '14rem',
    height: theme.size.controlSmall,
    paddingLeft: theme.spacing(2.5),
    borderColor: theme.vars.palette.line,
  },
  [theme.breakpoints.down('sm')]: {
    flexWrap: 'wrap',
    width: '100%',
    '& select': { flex: '1 1 0', paddingRight: theme.spacing(6) },
    '& > button': { flexBasis: '100%', order: 1 },
  },
}));

export function FilterBar() {
  const [query, setQuery] = useSearchParams();
  const filter = filterFrom(query);
  const choose = (name: keyof JobFilter, values: readonly string[]) => {
    setQuery(withValues(query, name, values));
  };
  return (
    <Bar role="group" aria-label="Filters">
      <States role="group" aria-label="State">
        {JOB_STATES.map((state) => (
          <StateToggle
            key={state}
            type="button"
            state={state}
            aria-pressed={filter.state?.includes(state) ?? false}
            title={STATE_LOOK[state].meaning}
            onClick={() => {
              choose('state', toggled(filter.state ?? [], state));
            }}
          >
            <Icon name={STATE_LOOK[state].icon} size="0.875rem" />
            {STATE_LOOK[state].word}
          </StateToggle>
        ))}
      </States>
      <Choices>
        {isFiltered(filter) && (
          <Button
            size="small"
            variant="text"
            onClick={() => {
              setQuery({});
            }}
          >
            Clear filters
          </Button>
        )}
        <MoreChoices filter={filter} choose={choose} />
      </Choices>
    </Bar>
  );
}

interface MoreChoicesProps {
  filter: JobFilter;
  choose: (name: keyof JobFilter, values: readonly string[]) => void;
}

function MoreChoices({ filter, choose }: MoreChoicesProps) {
  const user = useUser();
  const types = useQuery(jobTypesQuery);
  const typeOptions = (types.data ?? []).map(({ type, title }) => [type, title] as const);
  return (
    <>
      {user.role !== 'member' && (
        <Choice
          label="Submitter"
          any="Anyone"
          values={filter.submitter ?? []}
          options={[[user.id, 'My own jobs']]}
          onChoose={(values) => {
            choose('submitter', values);
          }}
        />
      )}
      <Choice
        label="Type"
        any="Any type"
        values={filter.type ?? []}
        options={typeOptions}
        onChoose={(values) => {
          choose('type', values);
        }}
      />
      <Choice
        label="Priority"
        any="Any priority"
        values={filter.priority ?? []}
        options={PRIORITIES.map((priority) => [priority, PRIORITY_WORD[priority]] as const)}
        onChoose={(values) => {
          choose('priority', values);
        }}
      />
    </>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  values: readonly string[];
  options: readonly (readonly [value: string, word: string])[];
  onChoose: (values: string[]) => void;
}

function Choice({ label, any, values, options, onChoose }: ChoiceProps) {
  const [first = ''] = values;
  // An address may name several, or one that isn't offered; the list says so instead of showing a wrong one.
  const isOffered = values.length <= 1 && (!first || options.some(([value]) => value === first));
  const shown = isOffered ? first : '+';
  return (
    <Select
      aria-label={label}
      value={shown}
      onChange={(event) => {
        onChoose(event.target.value ? [event.target.value] : []);
      }}
    >
      <option value="">{any}</option>
      {!isOffered && (
        <option value="+" disabled>
          {values.length > 1 ? `${values.length} chosen` : first}
        </option>
      )}
      {options.map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </Select>
  );
}
