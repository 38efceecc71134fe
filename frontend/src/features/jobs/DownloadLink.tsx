import Link from '@mui/material/Link';
import { styled } from '@mui/material/styles';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { MouseEvent } from 'react';
import type { Artifact } from '../../api/types';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { contentQuery } from './api';

const RELEASED_AFTER_MS = 60_000;

const Download = styled(Link)(({ theme }) => ({
  display: 'inline-flex',
  alignItems: 'flex-start',
  gap: theme.spacing(1.5),
  overflowWrap: 'anywhere',
  '& > svg': { marginTop: theme.spacing(0.5) },
  '&[aria-busy=true]': { opacity: 0.6 },
}));

/** The bytes need the token, which a plain link can't carry: they are fetched first and then saved. */
export function DownloadLink({ artifact }: { artifact: Artifact }) {
  const queries = useQueryClient();
  const download = useMutation({
    mutationFn: () => queries.query(contentQuery(artifact.id)),
    onSuccess: (content) => {
      save(content, artifact.name);
    },
  });
  const start = (event: MouseEvent) => {
    event.preventDefault();
    if (!download.isPending) download.mutate();
  };
  return (
    <>
      <Download
        href={`/api/v1/files/${artifact.id}/content?download=true`}
        onClick={start}
        aria-busy={download.isPending}
      >
        <Icon name="download" size="0.875rem" />
        {artifact.name}
      </Download>
      {download.isError && <Notice tone="failure">{download.error.message}</Notice>}
    </>
  );
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the bytes after the click has returned.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, RELEASED_AFTER_MS);
}
