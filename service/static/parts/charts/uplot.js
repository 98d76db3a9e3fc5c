/** The library that draws large charts, loaded when the first one is drawn. */

const FOLDER = new URL('../../vendor/uplot-1.6.32/', import.meta.url);
let loading = null;

/** uPlot's constructor. A failed load is tried again by the next call. */
export function loadPlot() {
  loading ??= Promise.all([
    added('link', { rel: 'stylesheet', href: new URL('uPlot.min.css', FOLDER).href }),
    added('script', { src: new URL('uPlot.iife.min.js', FOLDER).href }),
  ]).then(() => globalThis.uPlot).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

function added(tag, properties) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.addEventListener('load', resolve);
    element.addEventListener('error', () => {
      element.remove();
      reject(new Error('The program that draws charts cannot be loaded'));
    });
    document.head.append(element);
  });
}
