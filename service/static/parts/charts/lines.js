/** Lines of charts: runs without gaps, and no more points than can be seen. */

/**
 * Runs of points between gaps.
 * @param {[number, number|null][]} points
 * @param {(x: number, y: number|null) => boolean} isDrawn
 */
export function runs(points, isDrawn) {
  const found = [];
  let isOpen = false;
  for (const point of points) {
    if (!isDrawn(...point)) {
      isOpen = false;
    } else if (isOpen) {
      found.at(-1).push(point);
    } else {
      found.push([point]);
      isOpen = true;
    }
  }
  return found;
}

/**
 * Points of a run that differ visibly on `columns` columns: of each column, the first, the lowest, the
 * highest and the last.
 */
export function thinned(points, columns, columnOf) {
  if (points.length <= 2 * columns) return points;
  const kept = new Set();
  let start = 0;
  for (let index = 1; index <= points.length; index += 1) {
    const isEnd = index === points.length || columnOf(points[index]) !== columnOf(points[start]);
    if (!isEnd) continue;
    for (const one of extremes(points, start, index)) kept.add(one);
    start = index;
  }
  return points.filter((_, index) => kept.has(index));
}

function extremes(points, start, end) {
  let [low, high] = [start, start];
  for (let index = start; index < end; index += 1) {
    if (points[index][1] < points[low][1]) low = index;
    if (points[index][1] > points[high][1]) high = index;
  }
  return [start, low, high, end - 1];
}
