/** Networks to start from, named by what they are. */
import { html } from '../../core/dom.js';

const dense = (units, others = {}) => ({ type: 'dense', units, ...others });
const block = () => ({ type: 'residual', layers: [dense(64), dense(64, { activation: 'linear' })] });

const PRESETS = [
  { name: 'Linear', says: 'no hidden layer', layers: () => [] },
  { name: 'Small', says: 'one dense layer of 16 units', layers: () => [dense(16)] },
  { name: 'Wide', says: 'one dense layer of 256 units', layers: () => [dense(256)] },
  { name: 'Deep', says: 'four dense layers of 64 units', layers: () => [dense(64), dense(64), dense(64), dense(64)] },
  { name: 'Residual', says: 'a dense layer of 64 units and two residual blocks', layers: () => [dense(64), block(), block()] },
];

const convolution = (shape) => ({
  name: 'Convolution',
  says: `two convolutions with max pooling on images of ${shape.slice(0, 2).join(' × ')}`,
  shape,
  layers: () => [
    { type: 'conv2d', filters: 16, padding: 'same' },
    { type: 'max_pooling2d' },
    { type: 'conv2d', filters: 32, padding: 'same' },
    { type: 'flatten' },
    dense(64),
  ],
});

/**
 * Buttons that replace the layers.
 * @param {{inputShape: number[]|null, inFeatures: number|null, apply: (preset: object) => void}} options
 */
export function presetButtons({ inputShape, inFeatures, apply }) {
  const shape = inputShape?.length === 3 ? inputShape : squareOf(inFeatures);
  const presets = shape ? [...PRESETS, convolution(shape)] : PRESETS;
  return html`<div class="row presets" role="group" aria-label="Replace the layers">
    <span class="small muted">Start from</span>${presets.map((preset) => html`
      <button type="button" class="button small" title=${`${preset.name}: ${preset.says}`} @click=${() => apply(preset)}>${
        preset.name}</button>`)}</div>`;
}

/** Shape of a square image of at least 6 × 6 pixels; null if the number of inputs is not a square. */
function squareOf(inputs) {
  const side = Math.round(Math.sqrt(inputs ?? 0));
  return side >= 6 && side * side === inputs ? [side, side, 1] : null;
}
