/** Style sheets of views: loaded once each, and in effect only while their view is shown. */
const links = new Map();

/** Load a style sheet; it is not in effect yet. Rejects if it cannot be loaded. */
export function loadStyle(address) {
  if (!links.has(address)) links.set(address, add(address));
  return links.get(address);
}

/** Put one of the loaded style sheets into effect, and the others out of it. */
export async function useStyle(address) {
  for (const [other, link] of links) (await link).media = other === address ? 'all' : 'not all';
}

function add(address) {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = address;
    link.media = 'not all';
    link.addEventListener('load', () => resolve(link));
    link.addEventListener('error', () => {
      links.delete(address);
      link.remove();
      reject(new Error(`${address} cannot be loaded`));
    });
    document.head.append(link);
  });
}
