import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../src/popup/styles/tokens.css', import.meta.url), 'utf8');
const [lightText = '', darkText = ''] = css.split('@media (prefers-color-scheme: dark)');
const colours = (text: string) =>
  new Map([...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]));
const light = colours(lightText);
const themes = { light, dark: new Map([...light, ...colours(darkText)]) };

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const texts: [string, string][] = [
  ...['bg', 'surface', 'sunken', 'accent-soft'].map((ground): [string, string] => ['ink', ground]),
  ...['bg', 'surface', 'sunken', 'accent-soft'].map((ground): [string, string] => ['ink-soft', ground]),
  ...['bg', 'surface', 'accent-soft'].map((ground): [string, string] => ['accent', ground]),
  ...['bg', 'surface', 'danger-soft'].map((ground): [string, string] => ['danger', ground]),
  ...['bg', 'surface', 'ok-soft'].map((ground): [string, string] => ['ok', ground]),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['on-danger', 'danger'],
  ['on-danger', 'danger-strong'],
  ['warn-ink', 'warn-soft'],
];
const shapes: [string, string][] = [
  ['control-line', 'surface'],
  ['control-line', 'bg'],
  ['accent', 'bg'],
  ['mine', 'surface'],
];

describe.each(Object.entries(themes))('the %s theme', (_, theme) => {
  const between = ([a, b]: [string, string]) => contrast(theme.get(a)!, theme.get(b)!);
  it.each(texts)('text in %s on %s has a contrast of at least 4.5 (WCAG AA)', (ink, ground) => {
    expect(between([ink, ground])).toBeGreaterThanOrEqual(4.5);
  });
  it.each(shapes)('shapes in %s on %s have a contrast of at least 3 (WCAG AA)', (shape, ground) => {
    expect(between([shape, ground])).toBeGreaterThanOrEqual(3);
  });
});
