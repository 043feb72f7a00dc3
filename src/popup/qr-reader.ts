/** Reads QR codes from pictures: by the browser's own detector where it has one, else by the library that draws them. */
import decodeQr from 'qr/decode.js';

export type Picture = HTMLVideoElement | ImageBitmap;

/** The text of the code in this picture; null where none can be read. */
export type ReadQr = (picture: Picture) => Promise<string | null>;

interface Detector {
  detect(picture: Picture): Promise<{ rawValue: string }[]>;
}
declare global {
  interface Window {
    BarcodeDetector?: {
      new (options: { formats: string[] }): Detector;
      getSupportedFormats(): Promise<string[]>;
    };
  }
}

/** Larger pictures are made smaller: more would only take longer. */
const longestSide = 1200;

export async function createQrReader(): Promise<ReadQr> {
  return (await native()) ?? bySoftware;
}

async function native(): Promise<ReadQr | null> {
  try {
    const { BarcodeDetector } = window;
    if (!BarcodeDetector || !(await BarcodeDetector.getSupportedFormats()).includes('qr_code')) return null;
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    // What it cannot read the other way may.
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? bySoftware(picture);
  } catch {
    return null;
  }
}

async function bySoftware(picture: Picture): Promise<string | null> {
  const [width, height] =
    picture instanceof ImageBitmap
      ? [picture.width, picture.height]
      : [picture.videoWidth, picture.videoHeight];
  if (width === 0 || height === 0) return null;
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQr(context.getImageData(0, 0, canvas.width, canvas.height)) || null;
  } catch {
    // There is no code in it, or not all of it.
    return null;
  }
}
