import Button from '@mui/material/Button';
import type { ReactNode } from 'react';
import { Component } from 'react';
import { EmptyState } from '../components/EmptyState';

interface Props {
  /** Another place is another try. */
  place: string;
  children: ReactNode;
}

interface State {
  problem: unknown;
  place: string;
}

/** Stands in for a page that broke, or whose code couldn't be fetched because the server was updated or is away. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { problem: null, place: this.props.place };

  static getDerivedStateFromError(problem: unknown): Partial<State> {
    return { problem };
  }

  static getDerivedStateFromProps({ place }: Props, state: State): Partial<State> | null {
    return place === state.place ? null : { problem: null, place };
  }

  override render() {
    const { problem } = this.state;
    if (problem === null) return this.props.children;
    return (
      <EmptyState
        icon="warning"
        title="This page broke"
        level={1}
        action={
          <Button
            onClick={() => {
              location.reload();
            }}
          >
            Load it again
          </Button>
        }
      >
        Nothing that runs on the server is touched by this.{' '}
        {problem instanceof Error && problem.message}
      </EmptyState>
    );
  }
}
