/** Strokes of lines: colours are tokens, and no two strokes have the same dashes. */

const NAMED = {
  training: { token: 'ink', dash: [] },
  validation: { token: 'accent', dash: [6, 3] },
};
const NUMBERED = [
  { token: 'ink', dash: [] },
  { token: 'accent', dash: [6, 3] },
  { token: 'ink-2', dash: [2, 3] },
  { token: 'ink', dash: [12, 4] },
  { token: 'accent', dash: [12, 3, 2, 3] },
  { token: 'ink-2', dash: [6, 3, 2, 3, 2, 3] },
  { token: 'ink', dash: [3, 6] },
  { token: 'accent', dash: [18, 4, 6, 4] },
];

/** Most lines that have strokes of their own. */
export const MOST_STROKES = NUMBERED.length;

/**
 * Stroke of a line: `training`, `validation`, or the number of the line.
 * @param {'training'|'validation'|number} style
 * @returns {{token: string, dash: number[]}}
 */
export const strokeOf = (style) => NAMED[style] ?? NUMBERED[style % NUMBERED.length];
