/** The answer over both columns of a model that has two: one request for the whole grid. */
import { get } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { resource } from '../../core/resource.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { mapFigure, WITHHELD } from './map_figure.js';
import { predict } from './predictor.js';
import { middles } from './scale.js';
import { openWidth } from './width.js';

const COLUMNS = 48;
const LINES = 36;
const POINTS = 200;

const NONE = { isDrawn: false, render: () => nothing, setLeast: () => {}, close: () => {} };

/**
 * Open the map, if the model has exactly two inputs and both are numbers that vary.
 * @param {object} model
 * @param {import('./fields.js').Field[]} fields
 * @param {object} state signals of the form: `row` is marked in the map
 */
export function openMap(model, fields, { row, change }) {
  const [x, y] = fields;
  const isDrawn = fields.length === 2 && fields.every(({ type, step }) => type === 'number' && step !== null);
  if (!isDrawn || !['classification', 'regression'].includes(model.spec.task) || Array.isArray(model.spec.target)) return NONE;
  let least = null;
  const grid = resource((abort) => readGrid(model, x, y, least, abort));
  const points = resource((abort) => readPoints(model, abort));
  const width = openWidth(560);
  const choose = (one, other) => change({ [x.name]: one, [y.name]: other });
  return {
    isDrawn: true,
    setLeast: (value) => { least = value; grid.reload(); },
    render: () => html`<div ${width.observe}>${grid.problem ? problemView(grid.problem, { retry: () => grid.reload() }) : nothing}
      ${loadingLine(grid, 'Predicting the map…')}
      ${grid.value ? mapFigure({ model, x, y, grid: grid.value, points: points.value, row: row.value, choose, width: width.value }) : nothing}</div>`,
    close: () => { grid.close(); points.close(); width.close(); },
  };
}

async function readGrid(model, x, y, least, abort) {
  const xs = middles(x.minimum, x.maximum, COLUMNS);
  const ys = middles(y.minimum, y.maximum, LINES);
  const columns = { [x.name]: ys.flatMap(() => xs), [y.name]: ys.flatMap((value) => xs.map(() => value)) };
  const { data, classes } = await predict(model.id, { columns }, { min_probability: least }, abort);
  const values = data.map((prediction) => ('label' in prediction ? classOf(prediction, classes) : prediction.value));
  return { xs, ys, values, classes, isWithheld: values.includes(WITHHELD) };
}

const classOf = ({ label, abstained }, classes) => (abstained ? WITHHELD : classes.indexOf(label));

/** The first rows of the model's dataset; null once it is deleted. */
async function readPoints({ lineage }, abort) {
  if (lineage.dataset_id === null) return null;
  try {
    return await get(`/v1/datasets/${lineage.dataset_id}/rows?limit=${POINTS}`, { signal: abort });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
