import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { JobType } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { curlText } from '../../components/curlText';
import { Notice } from '../../components/Notice';
import { Panel } from '../../components/Panel';
import type { FormGroup } from '../../components/SchemaForm';
import {
  formNode,
  groupFrom,
  payloadFrom,
  placesOf,
  SchemaForm,
  withExample,
} from '../../components/SchemaForm';
import { useFocusFirstError } from '../../components/useFocusFirstError';
import { submitJob } from './api';
import { EMPTY_ENVELOPE, ENVELOPE_FIELDS, newJob } from './envelope';
import { EnvelopeFields } from './EnvelopeFields';
import type { Refusal } from './refusal';
import { sortRefusal, withoutPlace } from './refusal';

const Form = styled('form')(({ theme }) => ({ display: 'grid', gap: theme.spacing(5) }));

const Actions = styled('div')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  alignItems: 'center',
  gap: theme.spacing(2),
}));

export function JobForm({ type }: { type: JobType }) {
  const node = useMemo(() => formNode(type.payload_schema), [type]);
  const [payload, setPayload] = useState<FormGroup>(() => groupFrom(node, node.preset));
  const [envelope, setEnvelope] = useState(EMPTY_ENVELOPE);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [isUploading, setUploading] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const isSending = useRef(false);
  const navigate = useNavigate();
  const submit = useMutation(submitJob(useQueryClient()));
  useFocusFirstError(form, submit.error);

  const job = () => newJob(type.type, payloadFrom(node, payload), envelope);
  const send = () => {
    // Two clicks in one moment both come before the button is drawn disabled.
    if (isSending.current) return;
    isSending.current = true;
    submit.mutate(job(), {
      onSettled: () => {
        isSending.current = false;
      },
      onSuccess: ({ id }) => void navigate(`/jobs/${id}`),
      onError: (problem) => {
        setRefusal(sortRefusal(problem, placesOf(node, payload), ENVELOPE_FIELDS));
      },
    });
  };
  return (
    <Form
      ref={form}
      aria-label={type.title}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setRefusal(null);
        send();
      }}
    >
      {refusal && refusal.rest.length > 0 && <Rest messages={refusal.rest} />}
      <Panel
        title={type.title}
        action={
          <Button
            size="small"
            variant="text"
            onClick={() => {
              setPayload((held) => withExample(node, type.example, held));
              setRefusal(null);
            }}
          >
            Use the example
          </Button>
        }
      >
        <SchemaForm
          node={node}
          value={payload}
          errors={refusal?.payload ?? {}}
          onUploading={setUploading}
          onChange={(next, place) => {
            setPayload(next);
            setRefusal((held) => held && { ...held, payload: withoutPlace(held.payload, place) });
          }}
        />
      </Panel>
      <EnvelopeFields
        envelope={envelope}
        errors={refusal?.envelope ?? {}}
        onChange={(next, place) => {
          setEnvelope(next);
          setRefusal((held) => held && { ...held, envelope: withoutPlace(held.envelope, place) });
        }}
      />
      <Actions>
        <Button
          type="submit"
          variant="contained"
          color="primary"
          disabled={submit.isPending || isUploading}
        >
          Submit job
        </Button>
        <CopyButton
          label="Copy as curl"
          icon="terminal"
          worded
          text={() => curlText(job(), location.origin)}
        />
        {isUploading && <span role="status">Can be submitted once the upload is done.</span>}
      </Actions>
    </Form>
  );
}

function Rest({ messages }: { messages: readonly string[] }) {
  return (
    <div data-invalid tabIndex={-1}>
      <Notice tone="failure">
        {messages.map((message) => (
          <div key={message}>{message}</div>
        ))}
      </Notice>
    </div>
  );
}
