/** Light or dark: that of the system, unless a person chose one, which is remembered. */
import { signal } from './state.js';
import { local } from './storage.js';

const KEY = 'backpropd.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
let chosen = local.read(KEY);

/** Theme that is drawn: light or dark. */
export const theme = signal(current());

/** Change to the other theme and remember it. */
export function toggleTheme() {
  chosen = theme.peek() === 'dark' ? 'light' : 'dark';
  local.write(KEY, chosen);
  apply();
}

function current() {
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

function apply() {
  theme.value = current();
  document.documentElement.dataset.theme = theme.value;
}

system.addEventListener('change', apply);
apply();
