/** Jobs: the list, and beside it one job or several jobs compared. */
import { html, nothing } from '../../core/dom.js';
import { route } from '../../core/router.js';
import { computed, effect, signal, untracked } from '../../core/state.js';
import { comparison } from './compare/view.js';
import { jobView } from './job/view.js';
import { jobList } from './list/state.js';
import { comparedIds, filterOf, listView } from './list/view.js';

let shared = null;

/** The list, which stays while one job after the other is opened. */
function holdList() {
  if (shared === null) {
    const filter = computed(() => JSON.stringify(filterOf(route.value)));
    shared = { list: jobList(() => JSON.parse(filter.value)), holders: 0 };
  }
  shared.holders += 1;
  return shared.list;
}

function releaseList() {
  shared.holders -= 1;
  if (shared.holders > 0) return;
  shared.list.close();
  shared = null;
}

/** Open the view; `id` is that of a job, or null. Without one the newest job stands beside the list. */
export function open(id) {
  const list = holdList();
  const job = signal(null);
  const compared = signal(null);
  let isFocusDue = id !== null && Boolean(document.activeElement?.closest('.job-list'));

  const show = (wanted) => {
    if (job.peek()?.id === wanted) return;
    job.peek()?.close();
    job.value = wanted === undefined ? null : jobView(wanted, list.put);
  };
  const stopShown = effect(() => {
    const isComparing = comparedIds(route.value) !== null;
    const wanted = id ?? job.peek()?.id ?? list.jobs.value?.[0]?.id;
    untracked(() => {
      show(isComparing ? undefined : wanted);
      if (isComparing) compared.value ??= comparison(() => comparedIds(route.value) ?? []);
    });
  });
  // The list is drawn anew with the view: who chose a job in it goes on at the job's name.
  const stopFocus = effect(() => {
    if (!isFocusDue || !job.value?.isRead()) return;
    isFocusDue = false;
    queueMicrotask(() => job.peek()?.focus());
  });
  return {
    title: () => (id !== null && job.value ? job.value.title() : 'Jobs'),
    render: () => page({ id, list, job: job.value, compared: comparedIds(route.value) === null ? null : compared.value }),
    close() {
      stopShown();
      stopFocus();
      releaseList();
      job.peek()?.close();
      compared.peek()?.close();
    },
  };
}

function page({ id, list, job, compared }) {
  const isBare = id === null && compared === null;
  return html`<div class="split left ${id === null ? 'at-list' : 'at-job'}">
    ${listView(list, { currentId: job?.id ?? null, isMain: isBare })}
    ${compared ? compared.render() : job ? job.render({ isMain: !isBare }) : nothing}
  </div>`;
}
