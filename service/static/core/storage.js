/** Values that the browser keeps, as JSON. It may refuse to, or be full: then nothing is kept. */
const attempt = (act) => { try { return act(); } catch { return null; } };

const storage = (kind) => ({
  read: (name) => attempt(() => JSON.parse(window[kind].getItem(name))),
  write: (name, value) => attempt(() => window[kind].setItem(name, JSON.stringify(value))),
  remove: (name) => attempt(() => window[kind].removeItem(name)),
  names: () => attempt(() => Object.keys(window[kind])) ?? [],
});

/** Kept for good. A value that cannot be read is null. */
export const local = storage('localStorage');

/** Kept as long as the browser's tab is open. */
export const session = storage('sessionStorage');
