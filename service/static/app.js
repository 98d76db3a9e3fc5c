/** The frame of the page: header, connection, and the view that the address names. */
import { html, keyed, nothing, render } from './core/dom.js';
import { connection, Problem } from './core/api.js';
import { lazy } from './core/lazy.js';
import { href, isId, route } from './core/router.js';
import { effect, signal } from './core/state.js';
import { theme, toggleTheme } from './core/theme.js';
import { loadStyle, useStyle } from './core/view_styles.js';
import { loadingLine } from './parts/loading.js';
import { problemView } from './parts/problem.js';

const VIEWS = [
  ['start', 'Start', 'start'],
  ['datasets', 'Datasets', 'datasets'],
  ['new-job', 'New job', 'new_job'],
  ['jobs', 'Jobs', 'jobs'],
  ['backpropagation', 'Backpropagation', 'backpropagation'],
  ['models', 'Model', 'model'],
  ['tour', 'Tour', 'tour'],
];

const NOT_LOADED = 'This view cannot be loaded: the service has been updated, or cannot be reached. '
  + 'Load the page again.';
// Texts of Chromium and Safari, Firefox, and core/view_styles.js: a file is missing, not faulty.
const NOT_FOUND = /dynamically imported|module script failed|cannot be loaded/;
const LONG_MS = 200;
const shown = signal({});
const now = signal(new Date());
const areKeysShown = signal(false);
const keysModule = lazy(() => import('./parts/keys_dialog.js'));
const keys = () => (areKeysShown.value ? keysModule() : null);

/** Open the view that the address names; after 200 ms a loading line takes the place of the old one. */
async function show({ view, id }) {
  const [, name, folder] = VIEWS.find(([one]) => one === view) ?? [null, view, `?${view}`];
  const key = `${folder}/${id ?? ''}`;
  // A link changes the address once, but the browser reports it as two events.
  if (wanted?.key === key) return;
  const isFirst = wanted === null;
  const mine = { key };
  wanted = mine;
  if (shown.peek().key === key) return;
  const style = new URL(`./views/${folder}/view.css`, import.meta.url).href;
  const timer = setTimeout(() => { if (wanted === mine) replace({ loading: name }); }, LONG_MS);
  const next = await load(folder, id, style, () => wanted === mine);
  clearTimeout(timer);
  if (wanted !== mine) return;
  replace({ key, ...next });
  if (!next.problem) useStyle(style);
  scrollTo(0, 0);
  revealCurrentLink();
  if (!isFirst && document.activeElement === document.body) document.getElementById('main').focus();
}
let wanted = null;

function replace(next) {
  shown.peek().view?.close();
  shown.value = next;
}

/** Load the module and the style of a view, and open it if it is still wanted. */
async function load(folder, id, style, isWanted) {
  const wrong = folder.startsWith('?') ? `The page has no view “${folder.slice(1)}”`
    : id !== null && !isId(id) ? `“${id}” is not an id` : null;
  if (wrong) return { problem: new Problem(404, { title: 'This does not exist', detail: `${wrong}.` }) };
  try {
    const [module] = await Promise.all([import(`./views/${folder}/view.js`), loadStyle(style)]);
    return isWanted() ? { view: module.open(id) } : null;
  } catch (error) {
    if (isWanted()) console.error(error);
    return { problem: NOT_FOUND.test(error.message) ? new Error(NOT_LOADED) : error };
  }
}

/** On a phone the navigation scrolls: keep the link of the view in sight. */
function revealCurrentLink() {
  const link = document.querySelector('nav [aria-current="page"]');
  link?.scrollIntoView({ block: 'nearest', inline: 'center' });
}

function page() {
  const { view, key, problem, loading } = shown.value;
  return html`${header()}${offlineLine()}
    <main id="main" tabindex="-1">${problem ? failed(problem) : view ? keyed(key, html`<div class="view">${content(view)}</div>`)
      : loadingLine({ isLoading: loading }, `Opening ${loading}…`)}</main>
    ${keys()?.keysDialog(() => { areKeysShown.value = false; }) ?? nothing}`;
}

/** A view that fails is shown as a problem: the navigation stays usable. */
function content(view) {
  try {
    return view.render();
  } catch (problem) {
    console.error(problem);
    return failed(problem);
  }
}

const failed = (problem) => problemView(problem, {
  retry: problem.status === 404 ? undefined : () => location.reload(),
});

const header = () => html`<header class="top"><div>
  <a class="skip" href="#main" @click=${focusMain}>Skip to the content</a>
  <a class="mark" href=${href('start')}>${mark()}backpropd</a>
  <nav aria-label="Views">${VIEWS.map(([name, text]) => html`
    <a href=${href(name)} aria-current=${route.value.view === name ? 'page' : nothing}>${text}</a>`)}
  </nav>
  <div class="tools">
    <button type="button" class="button quiet" aria-label="Keys" @click=${showKeys}><kbd>?</kbd></button>
    <button type="button" class="button quiet" aria-label=${theme.value === 'dark' ? 'Light theme' : 'Dark theme'}
      @click=${toggleTheme}><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5"/>
        <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor"/></svg></button>
  </div>
</div></header>`;

const mark = () => html`<svg width="22" height="16" viewBox="0 0 22 16" aria-hidden="true">
  <path d="M21 4H7a4 4 0 0 0 0 8h2" fill="none" stroke="currentColor" stroke-width="1.75"/>
  <path d="M9 8.2 14 12l-5 3.8z" fill="currentColor" transform="rotate(180 11.5 12)"/>
  <circle cx="19" cy="4" r="2.4" fill="currentColor"/></svg>`;

/** The live region exists before it is filled: screen readers announce only changes. */
const offlineLine = () => html`<div role="status">${connection.value.isOnline ? nothing : lostConnection()}</div>`;

function lostConnection() {
  const { since, retryAt } = connection.value;
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now.value) / 1000));
  const time = since.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return html`<p class="offline">No connection since ${time}. <span aria-hidden="true">${
    seconds ? `Trying again in ${seconds} s.` : 'Trying again…'}</span></p>`;
}

const showKeys = () => { areKeysShown.value = true; };

function focusMain(event) {
  event.preventDefault();
  document.getElementById('main').focus();
}

addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, select, textarea, dialog');
  if (event.key === '?' && !isTyping) showKeys();
});
setInterval(() => { if (!connection.peek().isOnline) now.value = new Date(); }, 1000);
effect(() => { show(route.value); });
effect(() => {
  const title = shown.value.view?.title();
  document.title = title ? `${title} · backpropd` : 'backpropd';
});
const root = document.getElementById('page');
effect(() => render(page(), root));
