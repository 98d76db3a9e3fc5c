/** Results of a cross-validation. */
import { html, nothing } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { pagedTable } from '../../../parts/table.js';
import { capital, metricCell, metricWords } from '../metrics.js';

/** Table of the folds: a row per fold, then mean and standard deviation. */
export function foldsTable({ id, cross_validation: found, rows: parts }) {
  if (found === null) return nothing;
  const metrics = Object.entries(found.metrics);
  const head = [
    { text: 'Fold' }, { text: 'Training rows', isNumber: true }, { text: 'Validation rows', isNumber: true },
    ...metrics.map(([name]) => ({ text: capital(metricWords(name)), isNumber: true })),
  ];
  const foldRow = (index) => {
    const own = parts?.folds?.[index];
    return {
      key: `${index}`,
      cells: [count(index + 1), count(own?.training), count(own?.validation),
        ...metrics.map(([, { values }]) => metricCell(values[index]))],
    };
  };
  const ofAll = (key, text, of) => ({ key, isSelected: true, cells: [text, '', '', ...metrics.map(([, one]) => metricCell(one[of]))] });
  const rows = [
    ofAll('mean', 'Mean', 'mean'), ofAll('deviation', 'Standard deviation', 'std'),
    ...Array.from({ length: found.folds }, (_, index) => foldRow(index)),
  ];
  return html`<section class="stack"><h2 class="h3">Cross-validation, ${count(found.folds)} folds</h2>
    ${pagedTable({ key: `folds: ${id}`, caption: 'Cross-validation', head, rows })}</section>`;
}
