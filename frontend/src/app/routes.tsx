import type { RouteObject } from 'react-router';
import { Navigate, createBrowserRouter } from 'react-router';
import { BrokenPage } from './BrokenPage';
import { NotFoundPage } from './NotFoundPage';

/** One chunk per page; the shell and its live connection come only behind the sign-in. */
const routes: RouteObject[] = [
  {
    ErrorBoundary: BrokenPage,
    HydrateFallback: () => null,
    children: [
      {
        lazy: async () => ({ Component: (await import('../features/auth/AuthLayout')).AuthLayout }),
        children: [
          {
            path: 'sign-in',
            lazy: async () => ({
              Component: (await import('../features/auth/SignInPage')).SignInPage,
            }),
          },
          {
            path: 'register',
            lazy: async () => ({
              Component: (await import('../features/auth/RegisterPage')).RegisterPage,
            }),
          },
        ],
      },
      {
        lazy: async () => ({ Component: (await import('./Shell')).Shell }),
        children: [
          {
            ErrorBoundary: BrokenPage,
            children: [
              { index: true, element: <Navigate to="/jobs" replace /> },
              {
                path: 'jobs',
                lazy: async () => ({
                  Component: (await import('../features/jobs/JobListPage')).JobListPage,
                }),
              },
              {
                path: 'jobs/new',
                lazy: async () => ({
                  Component: (await import('../features/submit/NewJobPage')).NewJobPage,
                }),
              },
              {
                path: 'jobs/:jobId',
                lazy: async () => ({
                  Component: (await import('../features/jobs/JobPage')).JobPage,
                }),
              },
              { path: '*', Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
];

export const router = createBrowserRouter(routes);
