/** Datasets: the list, the file that was chosen, or one dataset. */
import { openDataset } from './dataset.js';
import { openDraft } from './draft_page.js';
import { openList } from './list.js';

/** Open the view: `new` is the chosen file, null the list. */
export function open(id) {
  if (id === null) return openList();
  return id === 'new' ? openDraft() : openDataset(id);
}
