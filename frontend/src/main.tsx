import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { session } from './api/session';
import { App } from './app/App';
import './app/fonts.css';
import { paintFirst } from './app/themeMode';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');

paintFirst();
void session.restore();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
