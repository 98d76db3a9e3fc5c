/** Text of a field that a person types, in a view that is rendered again meanwhile. */
import { Directive, directive, noChange } from '../core/dom.js';

/** Directive of a field: its text, set unless a person is typing in it. */
export const fieldText = directive(class extends Directive {
  update({ element }, [text]) {
    const isTyping = element === document.activeElement && element.value !== this.shown;
    if (isTyping) return noChange;
    if (element.value !== text) element.value = text;
    // Of a number field it may be another notation.
    this.shown = element.value;
    return noChange;
  }
});
