/** Models: the list, or one model. */
import { openList } from './list.js';
import { openModel } from './model.js';

/** Open the view: null is the list. */
export const open = (id) => (id === null ? openList() : openModel(id));
