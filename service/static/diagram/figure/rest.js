/** Calls that come close together: the first is made at once, the last one when they pause. */

/**
 * @param {() => void} run
 * @param {number} milliseconds pause after which the last call is made
 * @returns {{call: () => void, close: () => void}}
 */
export function rested(run, milliseconds) {
  let timer = null;
  let isWaiting = false;
  const end = () => {
    timer = null;
    if (!isWaiting) return;
    isWaiting = false;
    run();
  };
  const call = () => {
    if (timer === null) run();
    else isWaiting = true;
    clearTimeout(timer);
    timer = setTimeout(end, milliseconds);
  };
  return { call, close: () => clearTimeout(timer) };
}
