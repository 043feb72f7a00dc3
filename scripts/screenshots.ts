/** A picture of every view in both themes and both languages, into e2e/shots/views: `npm run screenshots`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { languages } from '../src/rpc/language.ts';
import { openGallery, places } from '../test/popup/gallery.ts';

const folder = join(import.meta.dirname, '../e2e/shots/views');
/** `npm run screenshots -- home settings`: only these. */
const wanted = process.argv.slice(2);
const chosen = places.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
mkdirSync(folder, { recursive: true });

const gallery = await openGallery();
let count = 0;
try {
  for (const place of chosen)
    for (const language of Object.keys(languages))
      for (const theme of ['light', 'dark'] as const) {
        const page = await gallery.visit(place, { theme, language });
        const path = join(folder, `${place.name}-${language}-${theme}.png`);
        // As high as it needs, so that what sticks to the window's end covers nothing.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ width: page.viewportSize()!.width, height });
        await page.screenshot({ path });
        await gallery.leave(page);
        count += 1;
      }
} finally {
  await gallery.close();
}
console.log(`${count} pictures of ${chosen.length} views in ${folder}`);
