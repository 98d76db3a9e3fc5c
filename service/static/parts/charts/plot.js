/** One plot of uPlot in an element: made, updated, resized and destroyed. */
import { loadPlot } from './uplot.js';
import { columnsOf, optionsOf, planOf } from './plot_options.js';

const UPDATE_MS = 250;

/**
 * @param {{moved: (index: number|null) => void, failed: (error: Error) => void}} callbacks `moved`:
 *   the cursor stands at this index, or nowhere
 */
export function createPlot({ moved, failed }) {
  let element = null;
  let wanted = null;
  let plan = null;
  let plot = null;
  let shape = '';
  const resize = new ResizeObserver(() => schedule());
  const schedule = throttled(update, UPDATE_MS);
  const sources = { plan: () => plan, colour, font, moved: (index) => queueMicrotask(() => moved(index)) };

  async function update() {
    try {
      const Plot = await loadPlot();
      const width = element?.clientWidth ?? 0;
      if (wanted !== null && width > 0) put(Plot, width);
    } catch (error) {
      failed(error);
    }
  }

  function put(Plot, width) {
    const { options, isLog } = wanted;
    plan = planOf(options, { width, isLog });
    const columns = columnsOf(options, plan);
    const next = JSON.stringify([options.series.map(({ name, style }) => [name, style]), plan.yAxis.isLog]);
    if (plot !== null && next !== shape) clear();
    shape = next;
    if (plot === null) {
      plot = new Plot(optionsOf(sources), columns, element);
    } else {
      plot.setSize({ width, height: options.height });
      plot.setData(columns);
    }
  }

  function clear() {
    plot?.destroy();
    plot = null;
  }

  return {
    /** Callback of the element's reference: with the element, and undefined when it goes. */
    attach(found) {
      if (found === element) return;
      if (element) resize.unobserve(element);
      clear();
      element = found ?? null;
      if (element) resize.observe(element);
    },
    /** Draw, soon. The theme is an argument because the colours depend on it. */
    draw(options, isLog, theme) {
      wanted = { options, isLog, theme };
      schedule();
    },
    /** Put the cursor to an index, or away. */
    moveTo(index) {
      if (plot === null) return;
      const left = index === null ? -10 : plot.valToPos(plot.data[0][index], 'x');
      plot.setCursor({ left, top: index === null ? -10 : 0 });
    },
    close() {
      resize.disconnect();
      schedule.cancel();
      clear();
      element = null;
    },
  };
}

const colour = (token) => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
const font = () => `12px ${getComputedStyle(document.body).fontFamily}`;

/** Function that runs at most once per `milliseconds`: at once, and again with what came meanwhile. */
function throttled(run, milliseconds) {
  let timer = null;
  let isDue = false;
  const tick = () => {
    timer = null;
    if (isDue) call();
  };
  function call() {
    if (timer !== null) {
      isDue = true;
      return;
    }
    isDue = false;
    timer = setTimeout(tick, milliseconds);
    run();
  }
  call.cancel = () => { clearTimeout(timer); isDue = false; };
  return call;
}
