/** The form that changes the numbers of the exercise. */
import { html, live, nothing } from '../../core/dom.js';
import { change } from './changes.js';
import { CHOICES, NUMBERS, typedTexts } from './exercise.js';

/**
 * Text that is being typed stays: a field's value is set only when the address has another one.
 * @param {{texts: Record<string, string>, problems: Record<string, string>, isChanged: boolean}}
 *   options
 */
export const exerciseForm = ({ texts, problems, isChanged }) => html`
  <form class="card" novalidate @submit=${(event) => event.preventDefault()}>
    <div class="fields">
      ${NUMBERS.map((field) => fieldTemplate(field, problems, html`<input id="exercise-${field.name}" type="text"
        inputmode="decimal" autocomplete="off" .value=${texts[field.name]}
        aria-invalid=${problems[field.name] ? 'true' : 'false'} aria-describedby=${describedBy(field, problems)}
        @change=${(event) => change({ ...texts, [field.name]: event.target.value.trim() })}>`))}
      ${CHOICES.map((field) => fieldTemplate(field, problems, html`<select id="exercise-${field.name}"
        aria-invalid=${problems[field.name] ? 'true' : 'false'} aria-describedby=${describedBy(field, problems)}
        @change=${(event) => change({ ...texts, [field.name]: event.target.value })}>${field.options.map((option) => html`
          <option value=${option} .selected=${live(option === texts[field.name])}>${option}</option>`)}</select>`))}
    </div>
    <div class="row"><p class="small muted grow">The address holds the numbers: copy it to share the exercise.</p>
      ${isChanged ? html`<button type="button" class="button" @click=${() => change(typedTexts({}))}>Back to the textbook</button>`
        : nothing}</div>
  </form>`;

const fieldTemplate = ({ name, label }, problems, input) => html`<div class="field">
  <label for="exercise-${name}">${label}</label>${input}
  ${problems[name] ? html`<p class="error" id="exercise-${name}-problem" role="alert">${problems[name]}</p>` : nothing}</div>`;

const describedBy = ({ name }, problems) => (problems[name] ? `exercise-${name}-problem` : nothing);
