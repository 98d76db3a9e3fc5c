/** Times as text, in the person's own zone. */

/** Hours and minutes, with seconds if wanted: 14:03:21. */
export function clockTime(time, { hasSeconds = false } = {}) {
  const two = (value) => String(value).padStart(2, '0');
  const moment = new Date(time);
  const parts = [moment.getHours(), moment.getMinutes(), ...(hasSeconds ? [moment.getSeconds()] : [])];
  return parts.map(two).join(':');
}

/** Day and time: 2026-11-30 14:03. */
export function dayTime(time) {
  const moment = new Date(time);
  const two = (value) => String(value).padStart(2, '0');
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${clockTime(time)}`;
}
