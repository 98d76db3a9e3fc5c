/** Light or dark: that of the system, unless a person chose one, which is remembered. */
import { signal } from './state.js';

const KEY = 'backpropd.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** Theme that is drawn: light or dark. */
export const theme = signal(current());

/** Change to the other theme and remember it. */
export function toggleTheme() {
  localStorage.setItem(KEY, theme.peek() === 'dark' ? 'light' : 'dark');
  apply();
}

function current() {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

function apply() {
  theme.value = current();
  document.documentElement.dataset.theme = theme.value;
}

system.addEventListener('change', apply);
apply();
