// Where the window begins: finds its engine, then shows itself, then listens.
import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import './fonts.css';
import { openApi } from './lib/api';
import { hear } from './lib/state/hear';
import { place } from './lib/state/place.svelte';

const api = await openApi();
// Names are measured to be shortened: the letters must be there.
await document.fonts.load("570 13px 'Inter Variable'");
mount(App, { target: document.getElementById('app')! });
await Promise.all([place.load(), api.listen(hear)]);
