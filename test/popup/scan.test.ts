/** Invites from QR codes, before a real camera of the browser's own making, and from pictures; and the wide page. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import encodeQr from 'qr';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { type Gallery, openGallery } from './gallery.ts';

const channel = 'a'.repeat(64);
const link =
  'tandem:ak_fUq2NesPXcYZ1CcqBcGC3StpdnQw3iVxMA3YSeCNAwfN4myQk?net=ae_devnet&via=%2Fip4%2F127.0.0.1';
let gallery: Gallery;
let folder: string;
let page: Page;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-scan-'));
  gallery = await openGallery();
}, 240_000);
afterEach(() => page?.close());
afterAll(async () => {
  await gallery?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function visit(browser: Browser, hash: string, size = { width: 380, height: 600 }, surface = 'page') {
  page = await browser.newPage({ viewport: size, locale: 'en-GB', reducedMotion: 'reduce' });
  page.setDefaultTimeout(30_000);
  await page.goto(gallery.url('known', hash, surface));
  await page.getByRole('heading', { level: 1 }).first().waitFor();
}

/** What a camera sees: one frame of grey, as Y4M, with this text's code in its middle. */
function film(text: string): string {
  const [width, height] = [640, 480];
  const code = encodeQr(text, 'raw', { ecc: 'low', border: 4 });
  const cell = Math.floor(height / code.length);
  const [left, top] = [(width - cell * code.length) >> 1, (height - cell * code.length) >> 1];
  const light = Buffer.alloc(width * height, 210);
  code.forEach((row, y) => {
    row.forEach((dark, x) => {
      for (let dy = 0; dy < cell; dy++)
        light.fill(
          dark ? 25 : 230,
          (top + y * cell + dy) * width + left + x * cell,
          (top + y * cell + dy) * width + left + (x + 1) * cell,
        );
    });
  });
  const colour = Buffer.alloc((width * height) / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, colour]);
  const path = join(folder, 'camera.y4m');
  writeFileSync(
    path,
    Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip C420jpeg\n`), frame, frame]),
  );
  return path;
}

const cameraShowing = (camera: string) =>
  chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--headless=new',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
    ],
  });
const asked = () =>
  page.evaluate(() =>
    (window as unknown as { scene: { calls: { method: string; params: { link?: string } }[] } }).scene.calls
      .filter(({ method }) => method === 'invite.read')
      .map(({ params }) => params.link),
  );

describe('an invite', () => {
  it('is read before the camera, which is let go of then', async () => {
    const browser = await cameraShowing(film(link));
    try {
      await visit(browser, '/open');
      await page.getByRole('button', { name: 'Scan a QR code' }).click();
      await page.getByLabel('You put in').waitFor();
      expect(await asked()).toEqual([link]);
      expect(await page.locator('video').count()).toBe(0);
    } finally {
      await browser.close();
    }
  }, 120_000);

  it('is not another code: that is said, and the camera goes on', async () => {
    const browser = await cameraShowing(film('https://example.com'));
    try {
      await visit(browser, '/open?scan=1');
      await page.getByText('This code is not an invite.').waitFor();
      expect(await page.locator('video').count()).toBe(1);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Scan a QR code' }).waitFor();
      expect(await asked()).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 120_000);

  it('is read from a picture of the code that the wallet itself shows; another picture is said to have none', async () => {
    await visit(gallery.browser, '/receive');
    const shown = await page.getByTestId('invite-link').textContent();
    const code = await page.locator('.qr').screenshot();
    const none = await page.locator('h1').screenshot();
    await page.close();
    await visit(gallery.browser, '/open?scan=1');
    await page.getByText('There is no camera here.').waitFor();
    const choose = page.locator('input[type=file]');
    await choose.setInputFiles({
      name: 'text.png',
      mimeType: 'image/png',
      buffer: Buffer.from('no picture'),
    });
    await page.getByText('is not a picture').waitFor();
    await choose.setInputFiles({ name: 'none.png', mimeType: 'image/png', buffer: none });
    await page.getByText('No code can be read').waitFor();
    await choose.setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
    await page.getByLabel('You put in').waitFor();
    expect(await asked()).toEqual([shown]);
  }, 120_000);
});

describe('a wide page', () => {
  const wide = { width: 1100, height: 800 };

  it('has the channels beside what was chosen, and one main part', async () => {
    await visit(gallery.browser, '/', wide);
    await page.getByText('No channel chosen').waitFor();
    const card = page.getByTestId('channel-card').first();
    await card.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('main').getByRole('heading', { level: 1, name: 'Corner Café' }).waitFor();
    expect(await card.getAttribute('aria-current')).toBe('page');
    expect(await page.getByRole('main').count()).toBe(1);
    expect(await page.getByRole('region', { name: 'Wallet' }).count()).toBe(1);
    const [side, main] = await Promise.all([card.boundingBox(), page.getByRole('main').boundingBox()]);
    expect(side!.x + side!.width).toBeLessThanOrEqual(main!.x);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(wide.width);
  }, 60_000);

  it('is one column below 720 px, in the toolbar’s popup, and in the window of a question', async () => {
    await visit(gallery.browser, `/channel/${channel}`, { width: 719, height: 800 });
    expect(await page.getByTestId('channel-card').count()).toBe(0);
    await page.setViewportSize({ width: 720, height: 800 });
    await page.getByTestId('channel-card').first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(720);
    await page.close();
    await visit(gallery.browser, `/channel/${channel}`, wide, 'popup');
    expect(await page.getByTestId('channel-card').count()).toBe(0);
    await page.close();
    await visit(gallery.browser, '/approval/payment?window=1', wide);
    expect(await page.getByTestId('channel-card').count()).toBe(0);
  }, 60_000);
});
