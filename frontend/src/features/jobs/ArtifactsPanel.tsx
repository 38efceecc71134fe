import { styled } from '@mui/material/styles';
import { useQuery } from '@tanstack/react-query';
import type { Artifact } from '../../api/types';
import { bytesText } from '../../components/bytesText';
import { Icon } from '../../components/Icon';
import { Panel } from '../../components/Panel';
import { isPicture } from '../../components/pictures';
import { useObjectUrl } from '../../components/useObjectUrl';
import { artifactsQuery, contentQuery } from './api';
import { DownloadLink } from './DownloadLink';

const SHOWN_UP_TO_BYTES = 20_000_000;

const Grid = styled('ul')(({ theme }) => ({
  listStyle: 'none',
  display: 'grid',
  gridTemplateColumns: `repeat(auto-fill, minmax(${theme.size.picture}, 1fr))`,
  gap: theme.spacing(4),
  margin: 0,
  padding: 0,
  '& > li': { display: 'grid', gap: theme.spacing(2), alignContent: 'start', minWidth: 0 },
}));

const Preview = styled('div')(({ theme }) => ({
  display: 'grid',
  placeItems: 'center',
  height: theme.size.picture,
  overflow: 'hidden',
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  color: theme.vars.palette.text.secondary,
  backgroundColor: theme.vars.palette.sunken,
  // A board, so that what is transparent in a picture is seen to be so.
  '&:has(img)': {
    background: `repeating-conic-gradient(${theme.vars.palette.sunken} 0 25%, ${theme.vars.palette.background.paper} 0 50%) 0 0 / 16px 16px`,
  },
  '& > img': { maxWidth: '100%', maxHeight: '100%', objectFit: 'contain' },
}));

const Caption = styled('div')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  gap: theme.spacing(0.5),
  '& > span': { ...theme.typography.mono, color: theme.vars.palette.text.secondary },
}));

export function ArtifactsPanel({ jobId }: { jobId: string }) {
  const artifacts = useQuery(artifactsQuery(jobId));
  if (!artifacts.data || artifacts.data.length === 0) return null;
  return (
    <Panel title="Artifacts" count={artifacts.data.length}>
      <Grid>
        {artifacts.data.map((artifact) => (
          <li key={artifact.id}>
            {canBeShown(artifact) ? <PicturePreview artifact={artifact} /> : <NoPreview />}
            <Caption>
              <DownloadLink artifact={artifact} />
              <span>
                {bytesText(artifact.size_bytes)} · {artifact.content_type}
              </span>
            </Caption>
          </li>
        ))}
      </Grid>
    </Panel>
  );
}

function canBeShown({ content_type, size_bytes }: Artifact): boolean {
  return isPicture(content_type) && size_bytes <= SHOWN_UP_TO_BYTES;
}

function PicturePreview({ artifact }: { artifact: Artifact }) {
  const content = useQuery(contentQuery(artifact.id));
  const url = useObjectUrl(content.data ?? null);
  return (
    <Preview>
      {url ? (
        <img src={url} alt={`Preview of ${artifact.name}`} />
      ) : (
        <Icon name="picture" size="1.5rem" />
      )}
    </Preview>
  );
}

function NoPreview() {
  return (
    <Preview>
      <Icon name="file" size="1.5rem" />
    </Preview>
  );
}
