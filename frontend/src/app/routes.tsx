import type { ComponentType } from 'react';
import { lazy } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { NotFoundPage } from './NotFoundPage';

/** One chunk per page; the shell and its live connection come only behind the sign-in. */
const AuthLayout = onDemand(() => import('../features/auth/AuthLayout'), 'AuthLayout');
const SignInPage = onDemand(() => import('../features/auth/SignInPage'), 'SignInPage');
const RegisterPage = onDemand(() => import('../features/auth/RegisterPage'), 'RegisterPage');
const Shell = onDemand(() => import('./Shell'), 'Shell');
const JobListPage = onDemand(() => import('../features/jobs/JobListPage'), 'JobListPage');
const JobPage = onDemand(() => import('../features/jobs/JobPage'), 'JobPage');
const NewJobPage = onDemand(() => import('../features/submit/NewJobPage'), 'NewJobPage');

export function AppRoutes() {
  return (
    <Routes>
      <Route element={<AuthLayout />}>
        <Route path="sign-in" element={<SignInPage />} />
        <Route path="register" element={<RegisterPage />} />
      </Route>
      <Route element={<Shell />}>
        <Route index element={<Navigate to="/jobs" replace />} />
        <Route path="jobs" element={<JobListPage />} />
        <Route path="jobs/new" element={<NewJobPage />} />
        <Route path="jobs/:jobId" element={<JobPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}

function onDemand<Name extends string>(
  load: () => Promise<Record<Name, ComponentType>>,
  name: Name,
): ComponentType {
  return lazy<ComponentType>(async () => ({ default: (await load())[name] }));
}
