/** One request that is being written: its draft, validation, form and table. */
import { computed, effect, signal, untracked } from '../../core/state.js';
import { resource } from '../../core/resource.js';
import { checkDraft } from './checking.js';
import { makeChecks } from './checks.js';
import { change, forget, openDraft, rename } from './draft.js';
import { elementOf, makeForm } from './form.js';
import { focusText, jsonPanelState } from './json_panel.js';
import { layerActions } from './layer_actions.js';
import { readDataset, requestOfDataset, requestOfJob } from './loading.js';
import { makeStart } from './starting.js';

/** Id of the list of the table's columns. */
export const COLUMN_LIST = 'names-of-columns';
/** Id of the list of datasets. */
export const DATASET_LIST = 'ids-of-datasets';
const LISTS = {
  sample_weight: COLUMN_LIST, column: COLUMN_LIST, order_by: COLUMN_LIST, group_by: COLUMN_LIST, dataset_id: DATASET_LIST,
};

/** Key under which the draft of an address is stored. */
export const keyOfAddress = ({ from, dataset, target, spec, patch = '' }) => (from ? `from.${from}${patch}`
  : [dataset ?? 'none', spec ?? target].filter((part) => part).join('.'));

/**
 * @param {{from?: string, dataset?: string, target?: string, spec?: string, patch?: string}} params of
 *   the address; `target` and `spec`, the JSON of a part of a request, replace what the table suggests;
 *   `patch` is a JSON Patch of the spec of the job that `from` names
 * @param {object} document the API's schema
 */
export function openSession(params, document) {
  const draft = openDraft(keyOfAddress(params));
  const checking = checkDraft(draft, document);
  const datasetId = computed(() => draft.spec.value?.dataset_id);
  const table = loadedTable(datasetId);
  const columns = () => table.dataset.value?.columns.map((column) => column.name) ?? [];
  const form = makeForm({ draft, checking, document }, { lists: LISTS, columns });
  const problem = signal(null);
  const focus = (pointer) => focusValue(draft, pointer);
  const session = {
    draft, checking, form, problem, table, focus,
    get key() { return draft.key; },
    actions: layerActions(form),
    checks: makeChecks(),
    panel: jsonPanelState(),
    start: makeStart(draft, checking, focus),
    begin: () => begin(draft, params, document, problem),
    chooseDataset: (id) => chooseDataset(session, id),
    close: () => { checking.close(); table.close(); stop(); },
  };
  const stop = effect(() => { fillTarget(session, table.dataset.value); });
  if (draft.isNew) session.begin();
  return session;
}

/** The table of the request, loaded when its id changes. */
function loadedTable(datasetId) {
  const dataset = signal(null);
  const problem = signal(null);
  let loading = null;
  const stop = effect(() => {
    const id = datasetId.value;
    loading?.close();
    dataset.value = null;
    problem.value = null;
    if (typeof id !== 'string' || !id) return;
    loading = untracked(() => resource((abort) => readDataset(id, abort)
      .then((found) => { if (!abort.aborted) { dataset.value = found; problem.value = null; } })
      .catch((error) => { if (!abort.aborted) problem.value = error; })));
  });
  return { dataset, problem, reload: () => loading?.reload(), close: () => { stop(); loading?.close(); } };
}

/** Write the request to begin with: that of a job, or the one for a table. */
async function begin(draft, { from, dataset, target, spec, patch = '[]' }, document, problem) {
  forget(draft);
  problem.value = null;
  try {
    const request = from ? await requestOfJob(from, document, JSON.parse(patch))
      : dataset ? { ...requestOfDataset(await readDataset(dataset)), ...given(target, spec) } : {};
    change(draft, () => request);
  } catch (error) {
    problem.value = error;
  }
}

/** The part of a request that the address states. */
const given = (target, spec) => ({ ...(target ? { target } : {}), ...(spec ? JSON.parse(spec) : {}) });

function chooseDataset(session, id) {
  session.form.set(['dataset_id'], id);
  rename(session.draft, id);
}

/** A request without a target gets the one that its table suggests, once the table is there. */
function fillTarget({ draft, form }, dataset) {
  if (!dataset) return;
  const spec = draft.spec.peek();
  const isOpen = spec.target === undefined && spec.task === undefined && !draft.fault.peek() && Object.keys(spec).length === 1;
  const { target } = requestOfDataset(dataset);
  if (isOpen && target !== undefined) form.set(['target'], target);
}

/** Put the focus on the value that a pointer names: its field, or its place in the JSON. */
function focusValue(draft, pointer) {
  const { element, isExact } = elementOf(pointer);
  const isInText = draft.fault.peek() !== null || !isExact;
  if (isInText && focusText(draft, pointer)) return;
  for (let box = element?.closest('details'); box; box = box.parentElement.closest('details')) box.open = true;
  const target = element ?? document.getElementById('main');
  target.focus();
  if (document.activeElement === target) return;
  // A group of fields takes the focus only on request.
  target.tabIndex = -1;
  target.focus();
}
