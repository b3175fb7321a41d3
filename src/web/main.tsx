import './styles/index.css';
import { render } from 'preact';
import { App } from './app.ts';
import { Page } from './views/page.tsx';

const root = document.getElementById('page');
if (root) render(<Page app={new App()} />, root);
