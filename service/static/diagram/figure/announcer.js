/** One spoken sentence on what is drawn, after it has rested. */
import { effect, signal } from '../../core/state.js';
import { count } from '../../core/numbers.js';
import { shortText } from '../model/number.js';

const REST_MS = 300;

/** @param {() => {network: object|null, clock: object}} read reads signals */
export function announcer(read) {
  const text = signal('');
  let timer = null;
  let isFirst = true;
  const stop = effect(() => {
    const said = sentence(read());
    clearTimeout(timer);
    // The first sentence is read with the page.
    if (isFirst) isFirst = said === '';
    else timer = setTimeout(() => { text.value = said; }, REST_MS);
  });
  return { text, close: () => { stop(); clearTimeout(timer); } };
}

function sentence({ network, clock }) {
  if (!network) return '';
  const layer = network.layers.find(({ key }) => key === clock.layer);
  const unit = layer?.units.find((one) => one.unit === clock.unit);
  const place = `Step ${count(network.step)}, ${network.phase}`;
  if (!unit) return `${place}.`;
  const numbers = [unit.left, unit.right].filter(Boolean)
    .map((number) => `${number.symbol.spoken} ${shortText(number)}`);
  return `${place}. ${layer.name} unit ${count(unit.unit + 1)}: ${numbers.join(', ')}${unit.note ? `, ${unit.note}` : ''}.`;
}
