/** A drawing as a PNG, twice as large as on the page. */
import { sizeOf, standaloneSvg } from './standalone_svg.js';

const SCALE = 2;

/**
 * @param {SVGSVGElement} drawing in the document
 * @returns {Promise<Blob>}
 */
export async function pngOf(drawing) {
  const { width, height } = sizeOf(drawing);
  const address = URL.createObjectURL(new Blob([standaloneSvg(drawing)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * SCALE);
    canvas.height = Math.round(height * SCALE);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The drawing is too large for a PNG.'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}
