/** The formulas of the selected unit as a LaTeX document. */

const HEAD = '\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n';
const FOOT = '\\end{document}\n';

/** Formulas of the explained units with LaTeX, in their order; recorded answers have none. */
export function latexFormulas(answers) {
  const units = (answers?.details?.layers ?? []).flatMap((layer) => layer.units);
  return units.flatMap((unit) => [
    ...unit.formulas, ...unit.bias_formulas, ...unit.edges.flatMap((edge) => edge.formulas),
  ]).filter(({ latex }) => latex);
}

/** @param {import('../answers.js').Formula[]} formulas */
export const latexDocument = (formulas) => (
  `${HEAD}${formulas.map(({ of, latex }) => `% ${of}\n\\[\n${latex}\n\\]\n`).join('\n')}${FOOT}`);
