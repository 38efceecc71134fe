import { styled } from '@mui/material/styles';
import type { FieldErrors } from '../../api/errors';
import { Field } from '../../components/Field';
import { Input } from '../../components/inputs';
import { Panel } from '../../components/Panel';
import type { Envelope } from './envelope';
import { PriorityChoice } from './PriorityChoice';

const Stack = styled('div')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(5),
  gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
  alignItems: 'start',
  '& > :first-of-type': { gridColumn: '1 / -1' },
  [theme.breakpoints.down('sm')]: { gridTemplateColumns: 'minmax(0, 1fr)' },
}));

interface EnvelopeFieldsProps {
  envelope: Envelope;
  errors: FieldErrors;
  /** `place` is the name of the field that was changed. */
  onChange: (envelope: Envelope, place: string) => void;
}

export function EnvelopeFields({ envelope, errors, onChange }: EnvelopeFieldsProps) {
  return (
    <Panel title="How it runs">
      <Stack>
        <PriorityChoice
          value={envelope.priority}
          onChange={(priority) => {
            onChange({ ...envelope, priority }, 'priority');
          }}
        />
        <Field label="Tags" description="Separated by commas." errors={errors.tags} optional>
          {(control) => (
            <Input
              {...control}
              value={envelope.tags}
              autoComplete="off"
              onChange={(event) => {
                onChange({ ...envelope, tags: event.target.value }, 'tags');
              }}
            />
          )}
        </Field>
        <Field
          label="Run at"
          description="Left empty, it runs as soon as a worker is free."
          errors={errors.run_at}
          optional
        >
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              value={envelope.runAt}
              onChange={(event) => {
                onChange({ ...envelope, runAt: event.target.value }, 'run_at');
              }}
            />
          )}
        </Field>
      </Stack>
    </Panel>
  );
}
