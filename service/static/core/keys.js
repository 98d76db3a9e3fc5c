/** Keys of the diagram, and whether single letters act. */
import { signal } from './state.js';
import { local } from './storage.js';

const KEY = 'backpropd.letter-keys';

/** Keys and what they do, in the order of the dialog. */
export const KEYS = [
  ['← → ↑ ↓', 'choose a layer, a unit'],
  ['Enter', 'go into the panel; Esc: back'],
  ['[ ]', 'phase'],
  [', .', 'step back, step on; with Shift ten steps'],
  ['Space', 'play, pause'],
  ['b', 'this row, batch'],
  ['g', 'gradient check'],
  ['t', 'table'],
  ['?', 'these keys'],
];

/** Whether single letters act while the focus is in the figure. */
export const areLettersOn = signal(local.read(KEY) !== 'off');

/** Switch the single letters on or off, and remember it. */
export function switchLetters(isOn) {
  local.write(KEY, isOn ? 'on' : 'off');
  areLettersOn.value = isOn;
}
