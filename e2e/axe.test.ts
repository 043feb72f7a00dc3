/** WCAG 2.2 AA, as far as a program can see it: axe over every view in both themes, keyboard, zoom, motion. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gallery, openGallery, type Place, places } from '../test/popup/gallery.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let gallery: Gallery;
beforeAll(async () => {
  gallery = await openGallery();
});
afterAll(() => gallery?.close());

/** What axe finds, asked with these options: by default every rule of WCAG 2.2 AA. */
async function violationsOf(page: Page, options: RunOptions = {}): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe);
  // A change of theme shows with the next frame.
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
  const asked: RunOptions = { runOnly: tags, resultTypes: ['violations'], ...options };
  const violations = (await page.evaluate(
    `axe.run(document, ${JSON.stringify(asked)}).then(({ violations }) => violations)`,
  )) as AxeResults['violations'];
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary?.replace(/\s+/g, ' ')})`),
  );
}

const named = (name: string): Place => places.find((candidate) => candidate.name === name)!;

it('axe sees a violation where there is one', async () => {
  const page = await gallery.visit(named('home'));
  await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<button></button>'));
  expect((await violationsOf(page)).join()).toContain('button-name');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate(() =>
    document.body.insertAdjacentHTML('beforeend', '<p style="color: #333">hardly to be read</p>'),
  );
  expect((await violationsOf(page, { runOnly: ['color-contrast'] })).join()).toContain('color-contrast');
  await gallery.leave(page);
});

const sideways = (page: Page) =>
  page.evaluate(() => {
    document.documentElement.dataset.surface = 'page';
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

describe.concurrent.each(['en-GB', 'de-DE'])('in %s', (language) => {
  it.each(places.map((place) => [place.name, place] as const))(
    '%s has no violation in any theme, and does not scroll sideways at twice the size',
    async (_, place) => {
      const page = await gallery.visit(place, { theme: 'light', language });
      expect(await violationsOf(page), 'light').toEqual([]);
      // Only colours depend on the theme, and they do not on the language.
      if (language === 'en-GB') {
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await violationsOf(page, { runOnly: ['color-contrast'] }), 'dark').toEqual([]);
      }
      // A tab of 640 px at twice the size.
      await page.setViewportSize({ width: 320, height: 400 });
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      await gallery.leave(page);
    },
  );
});

describe('the keyboard alone', () => {
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? '');

  it.each(['home', 'channel-pay', 'settings', 'open-terms', 'history', 'send'])(
    'reaches every control of %s, and shows where it is',
    async (name) => {
      const page = await gallery.visit(named(name));
      const expected = await page.evaluate(
        () =>
          [
            ...document.querySelectorAll<HTMLElement>(
              'a[href], button, input, textarea, select, [role=switch]',
            ),
          ]
            .filter(
              (e) =>
                e.tabIndex >= 0 &&
                e.checkVisibility() &&
                e.ariaHidden !== 'true' &&
                !e.closest('[inert], [aria-hidden=true]'),
            )
            .map((e, n) => {
              e.dataset.order = String(n);
              return n;
            }).length,
      );
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      const reached = new Set<string>();
      const unseen: string[] = [];
      for (let n = 0; n < expected + 8; n++) {
        await page.keyboard.press('Tab');
        const here = await page.evaluate(() => {
          const e = document.activeElement as HTMLElement;
          const around = [e, e.closest('.control')].filter((part) => part !== null);
          const shown = around.some((part) => getComputedStyle(part).outlineStyle !== 'none');
          return { order: e.dataset.order ?? null, shown };
        });
        if (here.order === null) continue;
        reached.add(here.order);
        if (!here.shown) unseen.push(await focused(page));
      }
      expect(unseen).toEqual([]);
      expect(reached.size).toBe(expected);
      await gallery.leave(page);
    },
  );

  it('pays: to the channel, the amount, the payment', async () => {
    const page = await gallery.visit(named('home'));
    const tabTo = async (what: string) => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate(() => document.activeElement?.textContent ?? '')).includes(what)) return;
      }
      throw new Error(`Tab does not lead to ${what}`);
    };
    await tabTo('Corner Café');
    while (!(await focused(page)).includes('channel-card')) await tabTo('Corner Café');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Corner Café' }).waitFor();
    for (let n = 0; n < 20 && !(await focused(page)).startsWith('<input'); n++)
      await page.keyboard.press('Tab');
    await page.keyboard.type('1.25');
    await page.keyboard.press('Enter');
    await page.getByText('Paid 1.25 AE.').waitFor();
    await gallery.leave(page);
  });

  it('stays inside a dialog, leaves it by Escape, and is back where it was', async () => {
    const page = await gallery.visit(named('channel-pay'));
    const button = page.getByRole('button', { name: 'Close channel' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    const outside = () =>
      page.evaluate(() => {
        const here = document.activeElement!;
        return here.closest('[role=alertdialog]') ? '' : here.outerHTML.slice(0, 200);
      });
    // It takes the focus with the frame after it is there, and takes it back from its edge so.
    await expect.poll(outside).toBe('');
    for (let n = 0; n < 6; n++) {
      await page.keyboard.press('Tab');
      await expect.poll(outside).toBe('');
    }
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await expect.poll(() => button.evaluate((e) => e === document.activeElement)).toBe(true);
    await gallery.leave(page);
  });
});

describe('motion', () => {
  const moving = (page: Page) =>
    page.evaluate(() =>
      document
        .getAnimations()
        .filter(({ effect }) => {
          const { duration, iterations } = effect!.getComputedTiming();
          return Number(duration) > 1 || iterations === Number.POSITIVE_INFINITY;
        })
        .map(({ effect }) => (effect as KeyframeEffect).target?.className),
    );

  it('is there, and stops where the person asked for less of it', async () => {
    const lively = await gallery.visit(named('channel-closing'), { reducedMotion: false });
    expect((await moving(lively)).length).toBeGreaterThan(0);
    await gallery.leave(lively);
    const calm = await gallery.visit(named('channel-closing'));
    expect(await moving(calm)).toEqual([]);
    await gallery.leave(calm);
  });
});
