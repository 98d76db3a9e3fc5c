/** Answers of the service, the last used ones: bounded in number and in size. */

const MOST_ANSWERS = 200;
/** Numbers take some 40 bytes of memory each, and 12 characters: this is about 200 MB. */
const MOST_CHARACTERS = 6e7;

/**
 * @param {{most?: number, characters?: number}} bounds
 * @returns {{get: (question: object) => any, set: (question: object, answer: any) => void,
 *   size: number}}
 */
export function answerCache({ most = MOST_ANSWERS, characters = MOST_CHARACTERS } = {}) {
  const kept = new Map();
  let total = 0;

  function get(question) {
    const key = JSON.stringify(question);
    const found = kept.get(key);
    if (!found) return undefined;
    kept.delete(key);
    kept.set(key, found);
    return found.answer;
  }

  function set(question, answer) {
    const key = JSON.stringify(question);
    drop(key);
    const size = JSON.stringify(answer).length;
    kept.set(key, { answer, size });
    total += size;
    for (const oldest of kept.keys()) {
      if (oldest === key || (kept.size <= most && total <= characters)) break;
      drop(oldest);
    }
  }

  function drop(key) {
    total -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  }

  return { get, set, get size() { return kept.size; } };
}
