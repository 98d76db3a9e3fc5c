/** Blocks of a weight matrix: each fits into an answer and into the map. */

/** Most values of a matrix in an answer of the explain route. */
export const MOST_VALUES = 32_768;
/** Most columns and lines of a map: at least one pixel each on a phone. */
const MOST_LINES = 256;

/**
 * @typedef {object} Block
 * @property {number} firstInput
 * @property {number} inputs number of columns
 * @property {number} firstUnit
 * @property {number} units number of lines
 */

/**
 * Blocks of a matrix of this many inputs and units; none if one input has more weights than an
 * answer can hold.
 * @returns {Block[]}
 */
export function blocksOf(inputs, units) {
  const most = Math.min(MOST_LINES, Math.floor(MOST_VALUES / units));
  if (most === 0) return [];
  const blocks = [];
  for (let firstInput = 0; firstInput < inputs; firstInput += most) {
    for (let firstUnit = 0; firstUnit < units; firstUnit += MOST_LINES) {
      blocks.push({
        firstInput,
        inputs: Math.min(most, inputs - firstInput),
        firstUnit,
        units: Math.min(MOST_LINES, units - firstUnit),
      });
    }
  }
  return blocks;
}

/** Index of the first value that an answer has to show for a block. */
export const firstValue = (block, inputs, units) => (
  inputs * units <= MOST_VALUES ? 0 : block.firstInput * units);

/** Index of the block that holds an input and a unit. */
export const blockWith = (blocks, input, unit) => Math.max(0, blocks.findIndex((block) => (
  input >= block.firstInput && input < block.firstInput + block.inputs
  && unit >= block.firstUnit && unit < block.firstUnit + block.units)));

/**
 * Values of a block, one line per unit and one column per input.
 * @param {(number|null)[]} values of the answer, row-major over (inputs, units)
 * @param {Block} block
 * @param {{units: number, first: number}} matrix number of units, index of the first value
 * @returns {(number|null)[]} line by line
 */
export function blockValues(values, block, { units, first }) {
  const found = [];
  for (let line = 0; line < block.units; line += 1) {
    for (let column = 0; column < block.inputs; column += 1) {
      found.push(values[(block.firstInput + column) * units + block.firstUnit + line - first] ?? null);
    }
  }
  return found;
}
