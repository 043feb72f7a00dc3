/**
 * Terms as Erlang prints them: ~P (pretty, broken at 80 columns) and ~W (one line), both to depth 6. The text of a
 * runtime error is stored in the call object, so every space counts.
 */
import { type TermView, termList } from './term.ts';

const maxDepth = 6;
const lineLength = 80;

/** What is printed: text of known length, or a structure whose separators are added later. */
type Part =
  | { is: 'text'; text: string; length: number }
  | { is: 'bin'; text: string; length: number }
  | { is: 'list'; parts: Part[]; dots: boolean; length: number }
  | { is: 'tuple'; tagged: boolean; parts: Part[]; dots: boolean; length: number }
  | { is: 'map'; parts: Part[]; dots: boolean; length: number }
  | { is: 'pair'; key: Part; value: Part; length: number };

const text = (value: string): Part => ({ is: 'text', text: value, length: value.length });
const isAtomic = (part: Part): boolean => part.is === 'text';
const isAtomicPair = (part: Part): boolean =>
  part.is === 'pair' && isAtomic(part.key) && isAtomic(part.value);

const reserved = new Set(
  'after and andalso band begin bnot bor bsl bsr bxor case catch cond div end fun if let maybe not of or orelse receive rem try when xor'.split(
    ' ',
  ),
);
const writeAtom = (name: string): string =>
  /^[a-z][A-Za-z0-9_@]*$/.test(name) && !reserved.has(name) ? name : `'${name}'`;

const isPrintable = (code: number): boolean =>
  (code >= 32 && code <= 126) || (code >= 160 && code <= 255) || (code >= 8 && code <= 13) || code === 27;

const escapes: Record<number, string> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  27: '\\e',
  34: '\\"',
  92: '\\\\',
};
const quoted = (codes: readonly number[]): string =>
  `"${codes.map((code) => escapes[code] ?? String.fromCharCode(code)).join('')}"`;

/** The bytes as numbers, at most `depth - 1` of them. */
function writeBinary(bytes: Uint8Array, depth: number): string {
  const shown =
    bytes.length < depth ? [...bytes].join(',') : `${[...bytes.subarray(0, depth - 1)].join(',')},...`;
  return `<<${depth <= 1 ? '...' : shown}>>`;
}

/** A binary that begins with printable characters is shown as text, 4 characters for each level of depth. */
function binaryPart(bytes: Uint8Array, depth: number): Part {
  if (bytes.length === 0) return text('<<>>');
  if (depth === 1) return text('<<...>>');
  const d = depth - 1;
  const limit = Math.min(4 * d, bytes.length);
  let printable = 0;
  while (printable < limit && isLatin1Printable(bytes[printable]!)) printable++;
  const codes = [...bytes.subarray(0, printable)];
  if (printable === limit) return text(`<<${quoted(codes)}${limit === bytes.length ? '' : '...'}>>`);
  if (printable >= d) return text(`<<${quoted(codes)}...>>`);
  const numbers = writeBinary(bytes, depth);
  return { is: 'bin', text: numbers, length: numbers.length };
}

// in a binary the tilde does not count as printable
const isLatin1Printable = (code: number): boolean => isPrintable(code) && code !== 126;

/** The characters of a list that holds nothing else. */
function printableList(list: TermView & { is: 'list' }): number[] | undefined {
  const codes: number[] = [];
  for (let rest = list.next(); rest; rest = rest.tail.next()) {
    const head = rest.head();
    if (head.is !== 'int' || head.value < 8n || head.value > 255n) return undefined;
    const code = Number(head.value);
    if (!isPrintable(code)) return undefined;
    codes.push(code);
  }
  return codes;
}

function partOf(term: TermView, depth: number): Part {
  switch (term.is) {
    case 'int':
      return text(term.value.toString());
    case 'atom':
      return text(writeAtom(term.name));
    case 'bin':
      return binaryPart(term.bytes, depth);
    case 'list': {
      if (!term.next()) return text('[]');
      const codes = depth === 1 ? undefined : printableList(term);
      if (codes) return text(quoted(codes));
      const parts: Part[] = [];
      let rest = term.next();
      let d = depth;
      for (; rest && d > 1; rest = rest.tail.next()) {
        parts.push(partOf(rest.head(), d - 1));
        d--;
      }
      return { is: 'list', parts, dots: rest !== undefined, length: lengthOf(parts, rest !== undefined, 2) };
    }
    case 'tuple': {
      if (term.items.length === 0) return text('{}');
      if (depth === 1) return text('{...}');
      const parts = term.items.slice(0, depth - 1).map((item, i) => partOf(item(), depth - 1 - i));
      const dots = term.items.length > depth - 1;
      const tagged = term.items.length > 1 && term.items[0]!().is === 'atom';
      return { is: 'tuple', tagged, parts, dots, length: lengthOf(parts, dots, 2) };
    }
    case 'map': {
      if (term.size === 0) return text('#{}');
      if (depth === 1) return text('#{...}');
      const parts = term
        .entries()
        .slice(0, depth - 1)
        .map(([k, v]): Part => {
          const [key, value] = [partOf(k(), depth - 1), partOf(v(), depth - 1)];
          return { is: 'pair', key, value, length: key.length + 4 + value.length };
        });
      const dots = term.size > depth - 1;
      return { is: 'map', parts, dots, length: lengthOf(parts, dots, 3) };
    }
  }
}

function lengthOf(parts: readonly Part[], dots: boolean, brackets: number): number {
  const items = parts.length + (dots ? 1 : 0);
  return parts.reduce((sum, part) => sum + part.length, brackets + (dots ? 3 : 0) + Math.max(0, items - 1));
}

/** All on one line. */
function write(part: Part): string {
  switch (part.is) {
    case 'text':
    case 'bin':
      return part.text;
    case 'pair':
      return `${write(part.key)} => ${write(part.value)}`;
    case 'list':
      return `[${writeParts(part, '|')}]`;
    case 'tuple':
      return `{${writeParts(part, ',')}}`;
    case 'map':
      return `#{${writeParts(part, ',')}}`;
  }
}

function writeParts({ parts, dots }: { parts: readonly Part[]; dots: boolean }, before: string): string {
  const inner = parts.map(write).join(',');
  if (!dots) return inner;
  return parts.length > 0 ? `${inner}${before}...` : '...';
}

/** What stays the same while one term is laid out. */
interface Layout {
  /** most characters on a line */
  most: number;
  /** indentation of what follows a tag; -1: behind the tag */
  tagIndent: number;
}

function fits(part: Part, col: number, depth: number, width: number, most: number): boolean {
  return part.length < lineLength - col - depth && part.length + width + depth <= most;
}

/** Lays a part out from column `col`; `indent` is how far new lines begin, `depth` the brackets that will close. */
function lay(part: Part, col: number, layout: Layout, indent: number, depth: number, width: number): string {
  if (fits(part, col, depth, width, layout.most)) return write(part);
  switch (part.is) {
    case 'list':
      return `[${layList(part, col + 1, layout, indent + 1, depth, '|', width + 1)}]`;
    case 'tuple':
      if (part.tagged) return `{${layTagged(part, col, layout, indent, depth, width + 1)}}`;
      return `{${layList(part, col + 1, layout, indent + 1, depth, ',', width + 1)}}`;
    case 'map':
      return `#{${layPairs(part, col + 2, layout, indent + 2, depth, width + 1)}}`;
    case 'bin':
      return layBinary(part.text, col + 2, layout, indent + 2, depth, width);
    default:
      return write(part);
  }
}

type Group = { parts: readonly Part[]; dots: boolean };
const rest = ({ parts, dots }: Group): Group => ({ parts: parts.slice(1), dots });
const newLine = (indent: number): string => `\n${' '.repeat(indent)}`;
/** Brackets that close behind the last item of a group. */
const closing = (group: Group, depth: number): number => (group.parts.length > 0 ? 0 : depth + 1);

function layTagged(
  part: Group,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  width: number,
): string {
  if (part.parts.length === 0) return '...';
  const tag = part.parts[0]!;
  const tagIndent = tag.length + 2;
  const tagCol = col + tagIndent;
  if (layout.tagIndent > 0 && tagIndent > layout.tagIndent) {
    const own = col + layout.tagIndent;
    const behind = layTail(
      rest(part),
      own,
      tagCol,
      layout,
      indent + layout.tagIndent,
      depth,
      ',',
      width + tag.length,
    );
    return write(tag) + behind;
  }
  return `${write(tag)},${layList(rest(part), tagCol, layout, indent + tagIndent, depth, ',', width + tag.length + 1)}`;
}

function layList(
  group: Group,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  before: string,
  width: number,
): string {
  if (group.parts.length === 0) return '...';
  const behind = rest(group);
  const [first, used] = layElement(group.parts[0]!, col, layout, indent, closing(behind, depth), width);
  return first + layTail(behind, col, col + used, layout, indent, depth, before, width + used);
}

function layTail(
  group: Group,
  start: number,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  before: string,
  width: number,
): string {
  let out = '';
  let [at, line] = [col, width];
  for (let left = group; left.parts.length > 0; left = rest(left)) {
    const part = left.parts[0]!;
    const own = closing(rest(left), depth);
    const length = 1 + part.length;
    if (isAtomic(part) && continues(length, at, own, line, layout.most)) {
      out += `,${write(part)}`;
      at += length;
      line += length;
    } else {
      const [laid, used] = layElement(part, start, layout, indent, own, 0);
      out += `,${newLine(indent)}${laid}`;
      at = start + used;
      line = used;
    }
  }
  return group.dots ? `${out}${before}...` : out;
}

/** Whether an item of this length, comma included, still goes on the line. */
const continues = (length: number, col: number, depth: number, width: number, most: number): boolean =>
  depth === 0
    ? length + 1 < lineLength - col && width + length + 1 <= most
    : length < lineLength - col - depth && width + length + depth <= most;

function layElement(
  part: Part,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  width: number,
): [laid: string, used: number] {
  if (isAtomic(part) && fits(part, col, depth, width, layout.most)) return [write(part), part.length];
  return [lay(part, col, layout, indent, depth, width), lineLength];
}

function layPairs(
  group: Group,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  width: number,
): string {
  const behind = rest(group);
  const [first, used] = layPair(group.parts[0]!, col, layout, indent, closing(behind, depth), width);
  let out = first;
  let [at, line] = [col + used, used];
  for (let left = behind; left.parts.length > 0; left = rest(left)) {
    const part = left.parts[0]!;
    const own = closing(rest(left), depth);
    const length = 1 + part.length;
    if (isAtomicPair(part) && continues(length, at, own, line, layout.most)) {
      out += `,${write(part)}`;
      at += length;
      line += length;
    } else {
      const [laid, more] = layPair(part, col, layout, indent, own, 0);
      out += `,${newLine(indent)}${laid}`;
      at = col + more;
      line = more;
    }
  }
  return group.dots ? `${out},...` : out;
}

function layPair(
  part: Part,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  width: number,
): [laid: string, used: number] {
  if (part.is !== 'pair') return [write(part), part.length];
  if (fits(part, col, depth, width, layout.most))
    return [write(part), isAtomicPair(part) ? part.length : lineLength];
  const inner = layout.tagIndent > 0 ? layout.tagIndent : 4;
  const key = lay(part.key, col, layout, indent, depth, width);
  const value = lay(part.value, col + inner, layout, indent + inner, depth, 0);
  return [`${key} =>${newLine(indent + inner)}${value}`, lineLength];
}

function layBinary(
  numbers: string,
  col: number,
  layout: Layout,
  indent: number,
  depth: number,
  width: number,
): string {
  const room = Math.max(8, Math.min(lineLength - col, layout.most - 4 - width) - depth);
  const items = numbers.slice(2, -2).split(',');
  let out = '<<';
  let left = room;
  for (const [i, item] of items.entries()) {
    const last = i === items.length - 1;
    const length = item.length + (last ? 0 : 1);
    if (length > left) {
      out += newLine(indent);
      left = room;
    }
    out += last ? item : `${item},`;
    left -= length;
  }
  return `${out}>>`;
}

class NoGood extends Error {}

/** Throws where the indentation by `layout` goes beyond half the line. */
function check(part: Part, col: number, layout: Layout, depth: number, width: number): void {
  if (fits(part, col, depth, width, layout.most)) return;
  if (part.is === 'list' || (part.is === 'tuple' && !part.tagged))
    checkList(part, col + 1, layout, depth, width + 1);
  else if (part.is === 'tuple') checkTagged(part, col, layout, depth, width + 1);
  else if (part.is === 'map') checkPairs(part, col + 2, layout, depth, width + 2);
}

function checkTagged(part: Group, col: number, layout: Layout, depth: number, width: number): void {
  const tag = part.parts[0];
  if (!tag) return;
  const { tagIndent, most } = layout;
  const own = tag.length + 2;
  const tagCol = col + own;
  if (tagIndent > 0 && own > tagIndent) {
    const start = col + tagIndent;
    if (most + start > lineLength && start > lineLength / 2) throw new NoGood();
    checkTail(rest(part), start, tagCol, layout, depth, width + tag.length);
  } else if (most + tagCol < lineLength || tagCol < lineLength / 2)
    checkList(rest(part), tagCol, layout, depth, width + tag.length + 1);
  else throw new NoGood();
}

function checkList(group: Group, col: number, layout: Layout, depth: number, width: number): void {
  if (group.parts.length === 0) return;
  const behind = rest(group);
  const used = checkElement(group.parts[0]!, col, layout, closing(behind, depth), width);
  checkTail(behind, col, col + used, layout, depth, width + used);
}

function checkTail(
  group: Group,
  start: number,
  col: number,
  layout: Layout,
  depth: number,
  width: number,
): void {
  let [at, line] = [col, width];
  for (let left = group; left.parts.length > 0; left = rest(left)) {
    const part = left.parts[0]!;
    const own = closing(rest(left), depth);
    const length = 1 + part.length;
    if (isAtomic(part) && continues(length, at, own, line, layout.most)) {
      at += length;
      line += length;
    } else {
      const used = checkElement(part, start, layout, own, 0);
      at = start + used;
      line = used;
    }
  }
}

function checkElement(part: Part, col: number, layout: Layout, depth: number, width: number): number {
  if (isAtomic(part) && fits(part, col, depth, width, layout.most)) return part.length;
  check(part, col, layout, depth, width);
  return lineLength;
}

function checkPairs(group: Group, col: number, layout: Layout, depth: number, width: number): void {
  if (group.parts.length === 0) return;
  const behind = rest(group);
  const used = checkPair(group.parts[0]!, col, layout, closing(behind, depth), width);
  let [at, line] = [col + used, width + used];
  for (let left = behind; left.parts.length > 0; left = rest(left)) {
    const part = left.parts[0]!;
    const own = closing(rest(left), depth);
    const length = 1 + part.length;
    if (isAtomicPair(part) && continues(length, at, own, line, layout.most)) {
      at += length;
      line += length;
    } else {
      const more = checkPair(part, col, layout, own, 0);
      at = col + more;
      line = more;
    }
  }
}

function checkPair(part: Part, col: number, layout: Layout, depth: number, width: number): number {
  if (part.is !== 'pair') return part.length;
  if (fits(part, col, depth, width, layout.most)) return isAtomicPair(part) ? part.length : lineLength;
  check(part.key, col, layout, depth, width);
  check(part.value, col + (layout.tagIndent > 0 ? layout.tagIndent : 4), layout, depth, 0);
  return lineLength;
}

/** ~P of a term that begins behind the text `before`. */
export function pretty(term: TermView, before: string): string {
  if (term.is === 'int' || term.is === 'atom') return write(partOf(term, maxDepth));
  const part = partOf(term, maxDepth);
  const col = before.length - (before.lastIndexOf('\n') + 1) + 1;
  if (part.length < lineLength - col) return write(part);
  let layout: Layout = { most: part.length, tagIndent: 1 };
  for (const tagIndent of [-1, 4]) {
    try {
      const tried: Layout = { most: part.length, tagIndent };
      check(part, col, tried, 0, 0);
      layout = tried;
      break;
    } catch (error) {
      if (!(error instanceof NoGood)) throw error;
    }
  }
  return lay(part, col, layout, col - 1, 0, 0);
}

/** ~W of a term. */
export const oneLine = (term: TermView): string => writeTerm(term, maxDepth);

function writeTerm(term: TermView, depth: number): string {
  if (depth === 0) return '...';
  switch (term.is) {
    case 'int':
      return term.value.toString();
    case 'atom':
      return writeAtom(term.name);
    case 'bin':
      return term.bytes.length === 0 ? '<<>>' : writeBinary(term.bytes, depth);
    case 'list': {
      const first = term.next();
      if (!first) return '[]';
      if (depth === 1) return '[...]';
      let out = `[${writeTerm(first.head(), depth - 1)}`;
      let d = depth - 1;
      for (let more = first.tail.next(); more; more = more.tail.next()) {
        if (d === 1) {
          out += '|...';
          break;
        }
        out += `,${writeTerm(more.head(), d - 1)}`;
        d--;
      }
      return `${out}]`;
    }
    case 'tuple': {
      if (term.items.length === 0) return '{}';
      if (depth === 1) return '{...}';
      let out = `{${writeTerm(term.items[0]!(), depth - 1)}`;
      let d = depth - 1;
      for (const item of term.items.slice(1)) {
        if (d === 1) {
          out += ',...';
          break;
        }
        out += `,${writeTerm(item(), d - 1)}`;
        d--;
      }
      return `${out}}`;
    }
    case 'map': {
      if (term.size === 0) return '#{}';
      if (depth === 1) return '#{...}';
      const shown: string[] = [];
      let d = depth;
      for (const [key, value] of term.entries()) {
        if (d === 1) {
          shown.push('...');
          break;
        }
        shown.push(`${writeTerm(key(), depth - 1)} => ${writeTerm(value(), depth - 1)}`);
        d--;
      }
      return `#{${shown.join(',')}}`;
    }
  }
}

/** A list of terms as one. */
export const listTerm = (terms: readonly TermView[]): TermView => termList(terms.map((term) => () => term));
