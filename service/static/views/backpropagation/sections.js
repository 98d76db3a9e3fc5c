/** Sections below the figure: wide layers, the difference from another step, histograms, files. */
import { html, nothing } from '../../core/dom.js';
import { stepDifference } from '../../diagram/difference/step_difference.js';
import { distributionsSection } from '../../diagram/distributions.js';
import { exportMenu } from '../../diagram/export/menu.js';
import { wideSection } from '../../diagram/wide/section.js';
import { jobName } from '../../parts/job_name.js';

/** @param {import('./inside.js').Inside} inside */
export function moreSections(inside) {
  const { id, clock, source, job, params, setClock, setParams } = inside;
  const answers = () => {
    const found = inside.answers.value;
    return found !== null && found.step === clock.value.step ? found : null;
  };
  const difference = stepDifference({
    jobId: id, clock: () => clock.value, answers, params: () => params.value, setParams,
  });
  return {
    minus: difference.minus,
    /** Menu of files of what the figure draws. */
    menu: (network) => {
      const shown = answers();
      return shown && network
        ? exportMenu({ answers: shown, clock: clock.value, network, name: jobName(job.value) }) : nothing;
    },
    render: () => {
      // The sections stay while the next step is loaded.
      const shown = inside.answers.value;
      if (shown === null || source.value === null) return nothing;
      const at = { ...clock.value, step: shown.step };
      return html`
        ${wideSection({ answers: shown, source: source.value, clock: at, select: setClock })}
        ${difference.render()}
        ${distributionsSection({ jobId: id, answers: shown, clock: at })}`;
    },
  };
}
