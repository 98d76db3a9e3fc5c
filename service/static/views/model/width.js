/** Width of an element, so that drawings are laid out at it and never scaled. */
import { ref } from '../../core/dom.js';
import { signal } from '../../core/state.js';

/** @returns {{value: number, observe: any, close: () => void}} `observe` stands in the element's tag */
export function openWidth(initial) {
  const width = signal(initial);
  const observer = new ResizeObserver((entries) => {
    const { width: found } = entries.at(-1).contentRect;
    if (found > 0) width.value = Math.round(found);
  });
  const watch = (element) => { observer.disconnect(); if (element) observer.observe(element); };
  return { get value() { return width.value; }, observe: ref(watch), close: () => observer.disconnect() };
}
