import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { session } from '../api/session';
import type { LiveStatus } from './connection';
import { Connection } from './connection';
import { askAgain, askAgainForJob, hear } from './live';

const ConnectionContext = createContext<Connection | null>(null);

export function RealtimeProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(
    () =>
      new Connection(session, {
        heard: (events) => {
          hear(client, events);
        },
        gap: () => {
          askAgain(client);
        },
        joined: (room) => {
          const jobId = /^job:(.+)$/.exec(room)?.[1];
          if (jobId) askAgainForJob(client, jobId);
        },
      }),
  );
  useEffect(() => {
    connection.open();
    return () => {
      connection.close();
    };
  }, [connection]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (!connection) throw new Error('Live data is used outside of RealtimeProvider.');
  return connection;
}

/** Hears what happens in a room for as long as the component is on screen. */
export function useRoom(room: string): void {
  const connection = useConnection();
  useEffect(() => connection.join(room), [connection, room]);
}

export function useLiveStatus(): LiveStatus {
  const connection = useConnection();
  return useSyncExternalStore(connection.subscribe, connection.status);
}
