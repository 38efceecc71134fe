import { styled } from '@mui/material/styles';

const OPEN_TO_DEPTH = 2;
const LONG_LIST = 20;

const Tree = styled('div')(({ theme }) => ({
  ...theme.typography.mono,
  overflowX: 'auto',
  '& ul': {
    listStyle: 'none',
    margin: 0,
    padding: theme.spacing(0, 0, 0, 3),
    borderLeft: `1px solid ${theme.vars.palette.line}`,
    marginLeft: theme.spacing(1),
  },
  '& > ul': { padding: 0, border: 0, margin: 0 },
  '& li, & > span': { padding: theme.spacing(0.25, 0), overflowWrap: 'anywhere' },
  '& summary': { cursor: 'pointer', color: theme.vars.palette.text.secondary },
  '& summary::marker': { color: theme.vars.palette.text.secondary },
  '& [data-part=key]': { color: theme.vars.palette.text.secondary },
  '& [data-part=string]': { color: theme.vars.palette.state.completed.main },
  '& [data-part=number]': { color: theme.vars.palette.state.scheduled.main },
  '& [data-part=boolean]': { color: theme.vars.palette.state.retrying.main },
  '& [data-part=null]': { color: theme.vars.palette.text.secondary },
}));

/** JSON to be read: folded where it is long or deep, its names quiet, its values clear. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <Tree role="group" aria-label={label}>
      {isBranch(value) && entriesOf(value).length > 0 ? (
        <Entries value={value} depth={0} />
      ) : (
        <Leaf value={value} />
      )}
    </Tree>
  );
}

type Branch = unknown[] | Record<string, unknown>;

function Entries({ value, depth }: { value: Branch; depth: number }) {
  return (
    <ul>
      {entriesOf(value).map(([key, item]) => (
        <li key={key}>
          <Entry name={key} value={item} depth={depth + 1} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ name, value, depth }: { name: string; value: unknown; depth: number }) {
  if (!isBranch(value) || entriesOf(value).length === 0) {
    return (
      <>
        <span data-part="key">{name}: </span>
        <Leaf value={value} />
      </>
    );
  }
  const count = entriesOf(value).length;
  const size = Array.isArray(value) ? `[${count}]` : `{${count}}`;
  return (
    <details open={depth <= OPEN_TO_DEPTH && count <= LONG_LIST}>
      <summary>
        {name} {size}
      </summary>
      <Entries value={value} depth={depth} />
    </details>
  );
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <span data-part="string">{JSON.stringify(value)}</span>;
  const kind = value === null || isBranch(value) ? 'null' : typeof value;
  return <span data-part={kind}>{JSON.stringify(value)}</span>;
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function entriesOf(value: Branch): [string, unknown][] {
  return Object.entries(value);
}
