/** Templates of lit-html. The version of the library is named in this file only. */
import { repeat } from '../vendor/lit-html-3.3.3/directives/repeat.js';

export { html, svg, noChange, nothing, render } from '../vendor/lit-html-3.3.3/lit-html.js';
export { Directive, directive } from '../vendor/lit-html-3.3.3/directive.js';
export { repeat };
export { live } from '../vendor/lit-html-3.3.3/directives/live.js';
export { ref, createRef } from '../vendor/lit-html-3.3.3/directives/ref.js';

/** A template that is rendered anew for another key. */
export const keyed = (key, template) => repeat([key], (one) => one, () => template);
