import { jsx as _jsx } from "preact/jsx-runtime";
import './interim.ts';
import './styles/index.css';
import { render } from 'preact';
import { App } from './app.ts';
import { Page } from './views/page.tsx';
const root = document.getElementById('page');
if (root)
    render(_jsx(Page, { app: new App() }), root);
